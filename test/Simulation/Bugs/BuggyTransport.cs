using Skerry.Simulation.Fleet;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Bugs;

/// <summary>A transport that loses what followers say of their leases.</summary>
internal sealed class BuggyTransport(IRelayTransport transport) : IRelayTransport
{
    public static IRelayTransport Wrap(NodeProcess process, IRelayTransport transport) =>
        process.Fleet.Bug == PlantedBug.IgnoreTheLease ? new BuggyTransport(transport) : transport;

    public Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel) =>
        transport.ConnectAsync(follower, hello, events, cancel);

    public async Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel) =>
        await transport.SealAsync(follower, session, recoveryEpoch, cancel) with { LeaseLeft = TimeSpan.Zero };

    public IAsyncEnumerable<Frame> ReadFramesAsync(NodeInfo follower, SessionId session, ulong from, CancellationToken cancel) =>
        transport.ReadFramesAsync(follower, session, from, cancel);

    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) => transport.ForgetAsync(follower, session, cancel);

    public Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        transport.ReleaseAsync(owner, ownerSession, key, to, cancel);

    public Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel) => transport.GreetAsync(address, self, cancel);
}
