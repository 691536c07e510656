using Skerry.Storage.Relay.Alarms;
using Skerry.Storage.Relay.Takeover;

namespace Skerry.Storage.Relay.Sessions;

/// <summary>The beginning and the end of this node's session. On the loop only.</summary>
public sealed class NodeSession
{
    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly SessionTakeover _takeover;
    private readonly SessionAlarms _alarms;

    /// <summary>Creates a session that has not begun.</summary>
    public NodeSession(ControlPlane plane, SessionRecords sessions, SessionTakeover takeover, SessionAlarms alarms) =>
        (_plane, _sessions, _takeover, _alarms) = (plane, sessions, takeover, alarms);

    /// <summary>
    /// Makes the session's record. Before that nothing may be confirmed, and no follower be asked to follow.
    /// </summary>
    /// <param name="followers">The first set; nothing has been written yet, so any will do that answers.</param>
    /// <param name="membership">See <see cref="SessionRecord.Membership"/>.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageException">Another session has the same random name, or somebody has sealed this one already.</exception>
    public async Task<SessionRecord> OpenAsync(IReadOnlyList<NodeInfo> followers, string? membership, CancellationToken cancel)
    {
        var record = new SessionRecord
        {
            Node = _plane.Self,
            State = SessionState.Open,
            Generation = 1,
            Followers = followers,
            Membership = membership,
            StartedMs = _plane.Time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        var outcome = await _sessions.CreateAsync(record, cancel);
        return outcome.Swapped ? record : throw new SessionFencedException(_plane.Self.Session, outcome.Current?.Value.State);
    }

    /// <summary>
    /// Takes over what this node's earlier runs left unsealed: they are over for certain, because the data folder has one
    /// user at a time. Others would find out only after a while.
    /// </summary>
    public async Task RecoverOwnAsync(CancellationToken cancel)
    {
        foreach (var session in await _sessions.ListAsync(cancel))
        {
            if (session != _plane.Self.Session
                && await _sessions.ReadAsync(session, cancel) is { } found
                && found.Value.Node.Id == _plane.Self.Id
                && found.Value.State != SessionState.Sealed)
            {
                try
                {
                    await _takeover.RunAsync(session, cancel);
                }
                catch (StorageException)
                {
                    // The takeover has told why; the sessions after this one are to be had all the same.
                }
            }
        }
    }

    /// <summary>
    /// Ends the session in good order, so that nobody has to recover it:
    /// <list type="number">
    /// <item>Before this, the caller has ended all objects, and everything is confirmed and uploaded.</item>
    /// <item>Write the alarms that the session looks after. Whoever cleans up after it adopts them.</item>
    /// <item>Swap the record to <c>sealed</c>.</item>
    /// <item>Tell the followers to forget.</item>
    /// </list>
    /// </summary>
    /// <exception cref="SessionFencedException">Somebody has taken the session over meanwhile; it is recovered then, which is as good.</exception>
    public async Task CloseAsync(CancellationToken cancel)
    {
        // 2.
        await _alarms.FlushAsync(cancel);

        // 3.
        var record = await SealAsync(cancel);

        // 4.
        foreach (var node in record.Followers)
        {
            using var limit = new CancellationTokenSource(_plane.Options.CallTimeout, _plane.Time);
            try
            {
                await _plane.Transport.ForgetAsync(_takeover.Locate(node), _plane.Self.Session, limit.Token);
            }
            catch (Exception error) when (error is PeerUnreachableException or OperationCanceledException)
            {
                SessionMessages.NotForgotten(_plane.Logger, node.Name, error);
            }
        }
    }

    private async Task<SessionRecord> SealAsync(CancellationToken cancel)
    {
        while (true)
        {
            // A change of followers may have been under way, so the record is not known for certain.
            var found = await _sessions.ReadAsync(_plane.Self.Session, cancel);
            if (found is not { Value.State: SessionState.Open } open)
            {
                throw new SessionFencedException(_plane.Self.Session, found?.Value.State);
            }

            var outcome = await _sessions.SwapAsync(open.Value with { State = SessionState.Sealed }, open.ETag, cancel);
            if (outcome.Swapped)
            {
                return open.Value;
            }
        }
    }
}
