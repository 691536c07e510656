namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// A transport that reaches this node itself without a network: a node takes over its own earlier sessions with the help of its own store.
/// </summary>
/// <param name="self">This node.</param>
/// <param name="others">The way to all others.</param>
internal sealed class SelfTransport(NodeInfo self, IRelayTransport others) : IRelayTransport
{
    /// <summary>What this node does for others; set before the first call.</summary>
    public IRelayService Service { get; set; } = null!;

    private bool IsSelf(NodeInfo node) => node.Id == self.Id;

    /// <inheritdoc/>
    /// <remarks>Never for this node: its leader has a stream to its own store without a transport.</remarks>
    public Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel) =>
        others.ConnectAsync(follower, hello, events, cancel);

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
        address == self.Address ? Service.GreetAsync(caller, cancel) : others.GreetAsync(address, caller, cancel);
}
