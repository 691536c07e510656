namespace Skerry.Storage.Relay.Hosting;

// What this node does for others.
public sealed partial class RelayNode
{
    /// <inheritdoc/>
    public bool Is(NodeId node) => node == Self.Id;

    /// <inheritdoc/>
    public IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy)
    {
        ThrowIfUnproven();
        var followed = _followed.Follow(hello, leader, out held, out sealedBy);
        return followed is null || hello.Leader.Session == Self.Session ? followed : new WatchedSession(this, hello.Leader, followed);
    }

    /// <inheritdoc/>
    public Task<SealReply> SealAsync(SessionId session, int recoveryEpoch, CancellationToken cancel)
    {
        ThrowIfUnproven();
        return _followed.SealAsync(session, recoveryEpoch, cancel);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Frame> ReadFramesAsync(SessionId session, ulong from, CancellationToken cancel)
    {
        ThrowIfUnproven();
        return _followed.ReadFramesAsync(session, from, cancel);
    }

    /// <inheritdoc/>
    public async Task ForgetAsync(SessionId session, CancellationToken cancel)
    {
        ThrowIfUnproven();
        await _followed.ForgetAsync(session, cancel).ConfigureAwait(false);
        if (session != Self.Session)
        {
            _loop.Post(_ => _ = LookAtAsync(session), null);
        }
    }

    // A session that has ended in good order is nobody's to clean up: its alarms wait for whoever finds it.
    private async Task LookAtAsync(SessionId session)
    {
        try
        {
            if (await _sessions.ReadAsync(session, _stopping.Token) is { Value: { State: SessionState.Sealed, Recoverer: null } found })
            {
                _peers.Ended(session);
                _cleanup.Found(found, _peers.Live);
            }
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            // The directory of peers finds it too, later.
        }
    }

    /// <inheritdoc/>
    public Task<ReleaseReply> ReleaseAsync(SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        ownerSession != Self.Session || !_started.Task.IsCompletedSuccessfully
            ? Task.FromResult(ReleaseReply.NotOwner)
            : _loop.RunAsync(() => _claims.ReleaseAsync(key, to, cancel));

    /// <inheritdoc/>
    public Task<IReadOnlyList<NodeInfo>> GreetAsync(NodeInfo caller, CancellationToken cancel) =>
        _loop.RunAsync(() => Task.FromResult(_peers.Greet(caller))).WaitAsync(cancel);

    // What a copy of the folder says that it holds, others would take for what the node holds.
    private void ThrowIfUnproven()
    {
        if (!Volatile.Read(ref _proven))
        {
            throw new StorageException($"Node {Self.Name} has not proved its data folder yet.");
        }
    }

    /// <summary>Tells the failure detector of a leader's signs of life; not of each, for they come by the thousand.</summary>
    private sealed class WatchedSession(RelayNode node, NodeInfo leader, IFollowedSession session) : IFollowedSession
    {
        private static readonly TimeSpan Tell = TimeSpan.FromMilliseconds(100);
        private long _told = long.MinValue;

        public ValueTask AppendAsync(Frame frame, long sentAt)
        {
            Heard();
            return session.AppendAsync(frame, sentAt);
        }

        public void Append(Frame frame, long sentAt)
        {
            Heard();
            session.Append(frame, sentAt);
        }

        public void Heartbeat(long sentAt, ulong confirmed, ulong uploaded)
        {
            Heard();
            session.Heartbeat(sentAt, confirmed, uploaded);
        }

        public void Ended()
        {
            session.Ended();
            node._loop.Post(_ => node._detector.LinkLost(leader.Session), null);
        }

        private void Heard()
        {
            if (_told == long.MinValue || node._time.GetElapsedTime(_told) >= Tell)
            {
                _told = node._time.GetTimestamp();
                node._loop.Post(_ => node._detector.Heard(leader), null);
            }
        }
    }
}
