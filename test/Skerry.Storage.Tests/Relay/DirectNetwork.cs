using System.Collections.Concurrent;
using System.Threading.Channels;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay;

/// <summary>
/// A network of one process: streams lead straight to the followers' stores. Messages of one direction stay in order.
/// Nodes can be gone (refused at once), cut off (messages vanish), or slow (messages wait).
/// </summary>
internal sealed class DirectNetwork : IRelayTransport
{
    private readonly ConcurrentDictionary<NodeId, FollowerStore> _nodes = new();
    private readonly ConcurrentDictionary<NodeId, bool> _cut = new();
    private readonly ConcurrentDictionary<NodeId, TaskCompletionSource> _held = new();
    private readonly ConcurrentDictionary<DirectStream, NodeId> _streams = new();

    /// <summary>How long each message travels.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Streams opened so far.</summary>
    public int Connects;

    /// <summary>Bytes of frames sent to all followers.</summary>
    public long BytesSent;

    public void Start(NodeId node, FollowerStore store)
    {
        _nodes[node] = store;
        _cut.TryRemove(node, out _);
    }

    /// <summary>The node is gone: its streams end, and nobody listens there.</summary>
    public void Stop(NodeId node)
    {
        _nodes.TryRemove(node, out _);
        Break(node);
    }

    /// <summary>The node is there, but nothing gets to it or comes from it.</summary>
    public void Cut(NodeId node) => _cut[node] = true;

    public void Mend(NodeId node)
    {
        _cut.TryRemove(node, out _);
        Break(node);
    }

    /// <summary>Holds up everything that is sent to the node until it is let go.</summary>
    public void Hold(NodeId node) => _held[node] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetGo(NodeId node)
    {
        if (_held.TryRemove(node, out var gate))
        {
            gate.SetResult();
        }
    }

    /// <summary>Ends the streams to a node.</summary>
    public void Break(NodeId node)
    {
        foreach (var (stream, to) in _streams)
        {
            if (to == node)
            {
                stream.Break();
            }
        }
    }

    public async Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel)
    {
        await Pass(follower.Id, cancel);
        if (!_nodes.TryGetValue(follower.Id, out var store))
        {
            throw new PeerUnreachableException($"{follower.Name} refuses") { Refused = true };
        }

        var stream = new DirectStream(this, follower.Id, events);
        if (store.Follow(hello, stream, out var held, out var sealedBy) is not { } session)
        {
            events.Refused(sealedBy);
            throw new PeerUnreachableException($"{follower.Name} has sealed the session");
        }

        stream.Open(session, held);
        _streams[stream] = follower.Id;
        Interlocked.Increment(ref Connects);
        return stream;
    }

    public Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel) =>
        Store(follower).SealAsync(session, recoveryEpoch, cancel);

    public IAsyncEnumerable<Frame> ReadFramesAsync(NodeInfo follower, SessionId session, ulong from, CancellationToken cancel) =>
        Store(follower).ReadFramesAsync(session, from, cancel);

    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) => Store(follower).ForgetAsync(session, cancel);

    public Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        Task.FromResult(ReleaseReply.NotOwner);

    public Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<NodeInfo>>([]);

    private FollowerStore Store(NodeInfo follower) =>
        _nodes.TryGetValue(follower.Id, out var store) ? store : throw new PeerUnreachableException($"{follower.Name} refuses") { Refused = true };

    private bool IsCut(NodeId node) => _cut.ContainsKey(node);

    private async Task Pass(NodeId node, CancellationToken cancel)
    {
        if (IsCut(node))
        {
            await Task.Delay(Timeout.Infinite, cancel);
        }

        if (_held.TryGetValue(node, out var gate))
        {
            await gate.Task.WaitAsync(cancel);
        }

        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, cancel);
        }
    }

    private sealed class DirectStream(DirectNetwork network, NodeId to, IFollowerEvents leader) : IFollowerStream, IFollowerEvents
    {
        private readonly Channel<Func<IFollowedSession, ValueTask>> _out = Channel.CreateBounded<Func<IFollowedSession, ValueTask>>(64);
        private readonly Channel<Action> _back = Channel.CreateUnbounded<Action>();
        private readonly CancellationTokenSource _end = new();
        private Task _pumping = Task.CompletedTask;

        public ulong Held { get; private set; }

        public void Open(IFollowedSession session, ulong held)
        {
            Held = held;
            _pumping = Task.WhenAll(Task.Run(() => Deliver(session)), Task.Run(Answer));
        }

        public void Break()
        {
            if (network._streams.TryRemove(this, out _))
            {
                leader.Ended(new PeerUnreachableException("broken"));
                _end.Cancel();
            }
        }

        public async ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel)
        {
            Interlocked.Add(ref network.BytesSent, frame.Body.Length);
            var copy = frame with { Body = frame.Body.ToArray() };
            await Send(session => session.AppendAsync(copy, sentAt), cancel);
        }

        public ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel) => Send(
            session =>
            {
                session.Heartbeat(sentAt, confirmed, uploaded);
                return ValueTask.CompletedTask;
            },
            cancel);

        public async ValueTask DisposeAsync()
        {
            network._streams.TryRemove(this, out _);
            await _end.CancelAsync();
            await _pumping;
        }

        void IFollowerEvents.Acknowledged(ulong held, long sentAt) => _back.Writer.TryWrite(() => leader.Acknowledged(held, sentAt));

        void IFollowerEvents.Refused(int recoveryEpoch) => _back.Writer.TryWrite(() => leader.Refused(recoveryEpoch));

        void IFollowerEvents.Ended(Exception? cause) => _back.Writer.TryWrite(() => leader.Ended(cause));

        private async ValueTask Send(Func<IFollowedSession, ValueTask> message, CancellationToken cancel)
        {
            if (_end.IsCancellationRequested)
            {
                throw new PeerUnreachableException("broken");
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _end.Token);
            await _out.Writer.WriteAsync(message, either.Token);
        }

        private async Task Deliver(IFollowedSession session)
        {
            try
            {
                await foreach (var message in _out.Reader.ReadAllAsync(_end.Token))
                {
                    await network.Pass(to, _end.Token);
                    await message(session);
                }
            }
            catch (OperationCanceledException)
            {
            }

            session.Ended();
        }

        private async Task Answer()
        {
            try
            {
                await foreach (var message in _back.Reader.ReadAllAsync(_end.Token))
                {
                    if (network.IsCut(to))
                    {
                        continue;
                    }

                    if (network.Delay > TimeSpan.Zero)
                    {
                        await Task.Delay(network.Delay, _end.Token);
                    }

                    message();
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
