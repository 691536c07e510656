namespace Skerry.Storage.Relay.Sessions;

/// <summary>
/// Which nodes are there: those that have an open session in the bucket and answer. A node that starts greets all of them
/// and so becomes known at once; the list in the bucket, read now and then, catches what a greeting missed. On the loop only.
/// </summary>
public sealed class PeerDirectory
{
    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly Dictionary<NodeId, NodeInfo> _live = [];

    /// <summary>Creates a directory that knows nobody.</summary>
    public PeerDirectory(ControlPlane plane, SessionRecords sessions) => (_plane, _sessions) = (plane, sessions);

    /// <summary>The nodes that answer, without this one.</summary>
    public IReadOnlyCollection<NodeInfo> Live => _live.Values;

    /// <summary><see cref="Live"/> has changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>A session's record says that it is open, and its node does not answer, or runs another session.</summary>
    public Action<SessionRecord>? Missing { get; set; }

    /// <summary>A session is sealed and still has a record.</summary>
    public Action<SessionRecord>? LeftOver { get; set; }

    /// <summary>Where a node is now, if it has started anew since somebody wrote down where it was.</summary>
    public NodeInfo Locate(NodeInfo node) =>
        node.Id == _plane.Self.Id ? _plane.Self : _live.GetValueOrDefault(node.Id, node);

    /// <summary>The leaders whose frames or heartbeats this node hears now.</summary>
    public Func<IEnumerable<NodeInfo>> Heard { get; set; } = static () => [];

    /// <summary>A node has called. The answer is this node, and the leaders that it hears.</summary>
    public IReadOnlyList<NodeInfo> Greet(NodeInfo caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        Met(caller);
        return [_plane.Self, .. Heard()];
    }

    /// <summary>A session is known to have ended.</summary>
    public void Ended(SessionId session)
    {
        foreach (var node in _live.Values)
        {
            if (node.Session == session)
            {
                _live.Remove(node.Id);
                Changed?.Invoke();
                return;
            }
        }
    }

    /// <summary>Reads the sessions in the bucket, and greets the nodes of the open ones.</summary>
    public async Task RefreshAsync(CancellationToken cancel)
    {
        List<Task> greetings = [];
        foreach (var session in await _sessions.ListAsync(cancel))
        {
            if (session == _plane.Self.Session || await _sessions.ReadAsync(session, cancel) is not { } found)
            {
                continue;
            }

            if (found.Value.State == SessionState.Sealed)
            {
                Ended(session);
                LeftOver?.Invoke(found.Value);
            }
            else
            {
                greetings.Add(GreetAsync(found.Value, cancel));
            }
        }

        await Task.WhenAll(greetings);
    }

    /// <summary>Refreshes now and then, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await RefreshAsync(cancel);
            }
            catch (StorageException error)
            {
                SessionMessages.NotListed(_plane.Logger, error);
            }

            await _plane.DelayAsync(_plane.Options.DirectoryInterval * (0.75 + (_plane.Random.NextDouble() / 2)), cancel);
        }
    }

    private async Task GreetAsync(SessionRecord record, CancellationToken cancel)
    {
        var answer = await PeerCall.GreetAsync(_plane, record.Node, cancel);
        if (answer.IsAlive)
        {
            Met(record.Node);
        }
        else
        {
            Ended(record.Node.Session);
            Missing?.Invoke(record);
        }
    }

    private void Met(NodeInfo node)
    {
        if (node.Id != _plane.Self.Id && !(_live.TryGetValue(node.Id, out var known) && known == node))
        {
            _live[node.Id] = node;
            Changed?.Invoke();
        }
    }
}
