using System.Runtime.CompilerServices;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Fleet;

/// <summary>A process's way to the others, over the simulated network.</summary>
internal sealed class SimulatedTransport(NodeProcess process) : IRelayTransport
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private SimulatedFleet Fleet => process.Fleet;

    public async Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel)
    {
        var back = new OrderedStream(Fleet.Scheduler, Fleet.Network, follower.Address, process.Self.Address);
        var there = new OrderedStream(Fleet.Scheduler, Fleet.Network, process.Self.Address, follower.Address);
        var answer = await CallAsync(
            follower.Address,
            follower.Id,
            target =>
            {
                var far = new FarEvents(process, target, back, events);
                var session = target.Follower.Follow(hello, far, out var held, out var sealedBy);
                if (session is null)
                {
                    far.Refused(sealedBy);
                }

                return Task.FromResult((Session: session, Held: held, Target: target, Far: far));
            },
            cancel);
        return answer.Session is { } followed
            ? new Stream(process, answer.Target, there, followed, answer.Held, answer.Far)
            : throw new PeerUnreachableException($"{follower.Name} is sealed.");
    }

    public Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel) =>
        CallAsync(follower.Address, follower.Id, target => target.Follower.SealAsync(session, recoveryEpoch), cancel);

    public async IAsyncEnumerable<Frame> ReadFramesAsync(
        NodeInfo follower, SessionId session, ulong from, [EnumeratorCancellation] CancellationToken cancel)
    {
        var frames = await CallAsync(follower.Address, follower.Id, target => Task.FromResult(target.Follower.Read(session, from)), cancel);
        foreach (var frame in frames)
        {
            yield return frame;
            if (process.Random.Happens(0.02))
            {
                throw new PeerUnreachableException("The stream broke.");
            }
        }
    }

    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) => CallAsync(
        follower.Address,
        follower.Id,
        target =>
        {
            target.Follower.Forget(session);
            return Task.FromResult(true);
        },
        cancel);

    public Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) => CallAsync(
        owner.Address,
        owner.Id,
        target => target.Self.Session == ownerSession
            ? target.Claims.ReleaseAsync(key, to, target.Stopping)
            : Task.FromResult(ReleaseReply.NotOwner),
        cancel);

    public Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel) =>
        CallAsync(address, null, target => Task.FromResult(target.Peers.Greet(self)), cancel);

    /// <param name="to">Where.</param>
    /// <param name="meant">The one node that may answer; null for whoever is there.</param>
    /// <param name="handler">What is done there.</param>
    /// <param name="cancel">Gives up.</param>
    private async Task<T> CallAsync<T>(string to, NodeId? meant, Func<NodeProcess, Task<T>> handler, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<T>();
        using var limit = new CancellationTokenSource(Patience, process.Machine);
        using var givenUp = cancel.Register(() => done.TrySetCanceled(cancel));
        using var timedOut = limit.Token.Register(() => done.TrySetException(new PeerUnreachableException("No answer.")));
        void Answer(Action action) => Fleet.Network.Send(to, process.Self.Address, () => process.Machine.Run(action));

        Fleet.Network.Send(process.Self.Address, to, () =>
        {
            if (Fleet.Node(to).Process is { Machine.IsDead: false } target)
            {
                target.Machine.Start(async () =>
                {
                    if (meant is { } node && node != target.Self.Id && Fleet.Bug != PlantedBug.AnswerForAnother)
                    {
                        Answer(() => done.TrySetException(new PeerUnreachableException($"{target.Self.Name} is another node by now.")));
                        return;
                    }

                    try
                    {
                        var result = await handler(target);
                        Answer(() => done.TrySetResult(result));
                    }
                    catch (StorageException error)
                    {
                        Answer(() => done.TrySetException(new PeerUnreachableException(error.Message, error)));
                    }
                });
            }
            else if (!Fleet.Node(to).IsSilent)
            {
                Answer(() => done.TrySetException(new PeerUnreachableException("Nobody listens there.") { Refused = true }));
            }
        });
        return await done.Task;
    }

    /// <summary>What a follower says to its leader, on the way.</summary>
    private sealed class FarEvents(NodeProcess leader, NodeProcess follower, OrderedStream back, IFollowerEvents events) : IFollowerEvents
    {
        private bool _ended;

        public Action? WhenEnded { get; set; }

        public void Acknowledged(ulong held, long sentAt) => Send(() => events.Acknowledged(held, sentAt));

        public void Refused(int recoveryEpoch) => Send(() => events.Refused(recoveryEpoch));

        public void Ended(Exception? cause) => End();

        /// <summary>The leader's side notices that the stream is broken, after a while.</summary>
        public void End()
        {
            if (!_ended)
            {
                _ended = true;
                WhenEnded?.Invoke();
                leader.Machine.After(leader.Fleet.Random.Skewed(1, 1500), () => events.Ended(null));
            }
        }

        private void Send(Action action)
        {
            if (follower.Machine.IsDead || !back.Send(leader.Machine, action))
            {
                End();
            }
        }
    }

    private sealed class Stream(NodeProcess leader, NodeProcess follower, OrderedStream there, IFollowedSession session, ulong held, FarEvents far) : IFollowerStream
    {
        public ulong Held => held;

        public ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel)
        {
            Send(() => session.AppendAsync(frame, sentAt));
            return ValueTask.CompletedTask;
        }

        public ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel)
        {
            Send(() => session.Heartbeat(sentAt, confirmed, uploaded));
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            EndThere();
            return ValueTask.CompletedTask;
        }

        private void Send(Action action)
        {
            if (follower.Machine.IsDead || !there.Send(follower.Machine, action))
            {
                far.End();
                EndThere();
            }
        }

        private void EndThere() => follower.Machine.After(leader.Fleet.Random.Skewed(1, 1500), session.Ended);
    }
}
