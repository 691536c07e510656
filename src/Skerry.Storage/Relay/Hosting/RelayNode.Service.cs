namespace Skerry.Storage.Relay.Hosting;

// What this node does for others.
public sealed partial class RelayNode
{
    /// <inheritdoc/>
    public bool Is(NodeId node) => node == Self.Id;

    /// <inheritdoc/>
    public IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy)
    {
        var followed = _followed.Follow(hello, leader, out held, out sealedBy);
        return followed is null || hello.Leader.Session == Self.Session ? followed : new WatchedSession(this, hello.Leader, followed);
    }

    /// <inheritdoc/>
    public Task<SealReply> SealAsync(SessionId session, int recoveryEpoch, CancellationToken cancel) => _followed.SealAsync(session, recoveryEpoch, cancel);

    /// <inheritdoc/>
    public IAsyncEnumerable<Frame> ReadFramesAsync(SessionId session, ulong from, CancellationToken cancel) => _followed.ReadFramesAsync(session, from, cancel);

    /// <inheritdoc/>
    public Task ForgetAsync(SessionId session, CancellationToken cancel) => _followed.ForgetAsync(session, cancel);

    /// <inheritdoc/>
    public Task<ReleaseReply> ReleaseAsync(SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        ownerSession != Self.Session || !_started.Task.IsCompletedSuccessfully
            ? Task.FromResult(ReleaseReply.NotOwner)
            : _loop.RunAsync(() => _claims.ReleaseAsync(key, to, cancel));

    /// <inheritdoc/>
    public IReadOnlyList<NodeInfo> Greet(NodeInfo caller) =>
        // This node greets itself when it finds an earlier session of its own.
        _loop.IsCurrent ? _peers.Greet(caller) : _loop.RunAsync(() => Task.FromResult(_peers.Greet(caller))).GetAwaiter().GetResult();

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
