using System.Collections.Concurrent;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>A network of one process that leads straight to the nodes' services. A node that is not there refuses connections.</summary>
internal sealed class ServiceNetwork : IRelayTransport
{
    private readonly ConcurrentDictionary<string, IRelayService> _nodes = new();

    public void Listen(string address, IRelayService node) => _nodes[address] = node;

    public void Close(string address) => _nodes.TryRemove(address, out _);

    public Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel) => Call<IFollowerStream>(
        follower.Address,
        service =>
        {
            if (service.Follow(hello, events, out var held, out var sealedBy) is { } session)
            {
                return Task.FromResult<IFollowerStream>(new Stream(session, held));
            }

            events.Refused(sealedBy);
            throw new PeerUnreachableException("sealed");
        });

    public Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel) =>
        Call(follower.Address, service => service.SealAsync(session, recoveryEpoch, cancel));

    public async IAsyncEnumerable<Frame> ReadFramesAsync(
        NodeInfo follower, SessionId session, ulong from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var frames = await Call(follower.Address, service => Task.FromResult(service.ReadFramesAsync(session, from, cancel)));
        await foreach (var frame in frames)
        {
            yield return frame;
        }
    }

    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) => Call(follower.Address, async service =>
    {
        await service.ForgetAsync(session, cancel);
        return true;
    });

    public Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        Call(owner.Address, service => service.ReleaseAsync(ownerSession, key, to, cancel));

    public Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel) =>
        Call(address, service => service.GreetAsync(self, cancel));

    // As over gRPC: whatever the service's storage says, its caller cannot get on with this peer.
    private async Task<T> Call<T>(string address, Func<IRelayService, Task<T>> call)
    {
        if (!_nodes.TryGetValue(address, out var service))
        {
            throw new PeerUnreachableException($"{address} refuses") { Refused = true };
        }

        try
        {
            // Not on the caller's loop, as over a real network.
            return await Task.Run(() => call(service));
        }
        catch (StorageException error) when (error is not PeerUnreachableException)
        {
            throw new PeerUnreachableException(error.Message, error);
        }
    }

    private sealed class Stream(IFollowedSession session, ulong held) : IFollowerStream
    {
        public ulong Held => held;

        public ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel) =>
            session.AppendAsync(frame with { Body = frame.Body.ToArray() }, sentAt);

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
