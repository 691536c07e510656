using System.Runtime.CompilerServices;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// A transport that reaches this node itself without a network: a node may follow itself, and takes over its own earlier
/// sessions with the help of its own store.
/// </summary>
/// <param name="self">This node.</param>
/// <param name="others">The way to all others.</param>
internal sealed class SelfTransport(NodeInfo self, IRelayTransport others) : IRelayTransport
{
    /// <summary>What this node does for others; set before the first call.</summary>
    public IRelayService Service { get; set; } = null!;

    private bool IsSelf(NodeInfo node) => node.Id == self.Id;

    /// <inheritdoc/>
    public Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel)
    {
        if (!IsSelf(follower))
        {
            return others.ConnectAsync(follower, hello, events, cancel);
        }

        if (Service.Follow(hello, events, out var held, out var sealedBy) is not { } session)
        {
            events.Refused(sealedBy);
            events.Ended(null);
            return Task.FromException<IFollowerStream>(new PeerUnreachableException($"This node does not follow session {hello.Leader.Session} any more."));
        }

        return Task.FromResult<IFollowerStream>(new LocalStream(session, held));
    }

    /// <inheritdoc/>
    public Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel) =>
        IsSelf(follower) ? Service.SealAsync(session, recoveryEpoch, cancel) : others.SealAsync(follower, session, recoveryEpoch, cancel);

    /// <inheritdoc/>
    public IAsyncEnumerable<Frame> ReadFramesAsync(NodeInfo follower, SessionId session, ulong from, CancellationToken cancel) =>
        IsSelf(follower) ? Service.ReadFramesAsync(session, from, cancel) : others.ReadFramesAsync(follower, session, from, cancel);

    /// <inheritdoc/>
    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) =>
        IsSelf(follower) ? Service.ForgetAsync(session, cancel) : others.ForgetAsync(follower, session, cancel);

    /// <inheritdoc/>
    public Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        IsSelf(owner) ? Service.ReleaseAsync(ownerSession, key, to, cancel) : others.ReleaseAsync(owner, ownerSession, key, to, cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo caller, CancellationToken cancel) =>
        address == self.Address ? Task.FromResult(Service.Greet(caller)) : others.GreetAsync(address, caller, cancel);

    private sealed class LocalStream(IFollowedSession session, ulong held) : IFollowerStream
    {
        public ulong Held => held;

        // The frame's body is the leader's again when this returns.
        public async ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel) =>
            await session.AppendAsync(frame with { Body = frame.Body.ToArray() }, sentAt);

        public ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel)
        {
            session.Heartbeat(sentAt, confirmed, uploaded);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            session.Ended();
            return ValueTask.CompletedTask;
        }
    }
}
