using Skerry.Simulation.Bugs;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Fleet;

/// <summary>The follower of a process: the real state machine of each followed session, over the simulated disk.</summary>
internal sealed class SimulatedFollower
{
    private readonly NodeProcess _process;
    private readonly SimulatedDisk _disk;
    private readonly Dictionary<SessionId, Followed> _sessions = [];
    private readonly List<Action> _waiting = [];
    private bool _syncing;

    public SimulatedFollower(NodeProcess process, SimulatedDisk disk)
    {
        (_process, _disk) = (process, disk);
        foreach (var entry in disk.Entries)
        {
            Restore(entry);
        }

        foreach (var followed in _sessions.Values)
        {
            followed.Log.AssumeLease(process.Machine.GetTimestamp());
        }
    }

    private static long LeaseTicks => new RelayLeaderOptions().LeaseDuration.Ticks;

    public IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy)
    {
        var followed = Get(hello.Leader.Session);
        (held, sealedBy) = (0, followed.Log.SealedBy ?? 0);
        if (!followed.Log.Hello(hello.UploadedTo))
        {
            return null;
        }

        followed.Trim();
        held = followed.Log.Held;
        Heard(hello.Leader);
        return followed.Stream = new Stream(this, followed, hello.Leader, leader);
    }

    public async Task<SealReply> SealAsync(SessionId session, int recoveryEpoch)
    {
        var followed = Get(session);
        if (_process.Fleet.Bug != PlantedBug.SkipTheSeal && followed.Log.Seal(recoveryEpoch))
        {
            _disk.TryAppend(new DiskEntry.Sealed(session, recoveryEpoch));
        }

        var durable = new TaskCompletionSource();
        WhenSynced(durable.SetResult);
        await durable.Task;
        followed.Stream?.Refuse();
        _process.Fleet.Oracle.Answers(_process.Node, session);
        return new SealReply(followed.Log.First, followed.Log.Last, TimeSpan.FromTicks(followed.Log.LeaseLeft(_process.Machine.GetTimestamp())));
    }

    /// <summary>What it holds, as it is on the disk; as far as it is whole, if it is looked at here.</summary>
    public IEnumerable<Frame> Read(SessionId session, ulong from)
    {
        // Here or there: what is read well may be damaged on its way.
        var isProven = _process.Fleet.Bug != PlantedBug.ServeDamagedFrames && _process.Random.Happens(0.5);
        foreach (var stored in _sessions.TryGetValue(session, out var followed) ? followed.Frames.Where(stored => stored.Frame.Last >= from).ToArray() : [])
        {
            yield return isProven && !stored.IsLegible
                ? throw new StorageDamagedException($"the follower's log of {_process.Self.Name}", 0, $"frame {stored.Frame.First}–{stored.Frame.Last} does not match its checksum")
                : stored.Frame;
        }
    }

    public void Forget(SessionId session)
    {
        var followed = Get(session);
        followed.Log.Forget();
        followed.Frames.Clear();
        _disk.TryAppend(new DiskEntry.Forgotten(session));
        _process.Detector.Ended(session);
    }

    private Followed Get(SessionId session)
    {
        if (!_sessions.TryGetValue(session, out var followed))
        {
            _sessions.Add(session, followed = new Followed(session));
        }

        return followed;
    }

    private void Heard(NodeInfo leader)
    {
        if (leader.Session != _process.Self.Session)
        {
            _process.Detector.Heard(leader);
        }
    }

    private void Restore(DiskEntry entry)
    {
        var followed = Get(entry.Session);
        switch (entry)
        {
            case DiskEntry.Stored stored:
                if (followed.Log.Restored(stored.Frame.First, stored.Frame.Last, stored.StartsAnew))
                {
                    if (followed.Log.First == stored.Frame.First)
                    {
                        followed.Frames.Clear();
                    }

                    followed.Frames.Add(stored);
                }

                break;
            case DiskEntry.Sealed seal when _process.Fleet.Bug != PlantedBug.ForgetTheSeal:
                followed.Log.Seal(seal.Epoch);
                break;
            case DiskEntry.Dropped dropped:
                followed.Log.Uploaded(dropped.UpTo);
                followed.Trim();
                break;
            case DiskEntry.Forgotten:
                followed.Log.Forget();
                followed.Frames.Clear();
                break;
        }
    }

    /// <summary>One sync for everything that waits.</summary>
    private void WhenSynced(Action action)
    {
        _waiting.Add(action);
        if (!_syncing)
        {
            _syncing = true;
            _process.Machine.After(TimeSpan.Zero, Sync);
        }
    }

    private void Sync()
    {
        Action[] batch = [.. _waiting];
        _waiting.Clear();
        _disk.Sync(_process.Machine, () =>
        {
            foreach (var action in batch)
            {
                action();
            }

            if (_waiting.Count > 0)
            {
                Sync();
            }
            else
            {
                _syncing = false;
            }
        });
    }

    private sealed class Followed(SessionId session)
    {
        public FollowedLog Log { get; } = new(session, LeaseTicks);

        public List<DiskEntry.Stored> Frames { get; } = [];

        public Stream? Stream { get; set; }

        public void Trim()
        {
            Frames.RemoveAll(stored => stored.Frame.Last <= Log.UploadedTo);
            Log.Dropped(Frames is [var first, ..] ? first.Frame.First : 0);
        }
    }

    private sealed class Stream(SimulatedFollower follower, Followed followed, NodeInfo leader, IFollowerEvents events) : IFollowedSession
    {
        private bool _ended;

        public ValueTask AppendAsync(Frame frame, long sentAt)
        {
            if (_ended)
            {
                return ValueTask.CompletedTask;
            }

            follower.Heard(leader);
            switch (followed.Log.Offer(frame.First, frame.Last, out var startsAnew))
            {
                case FrameVerdict.Sealed:
                    Refuse();
                    break;
                case FrameVerdict.Gap:
                    End();
                    break;
                case FrameVerdict.Duplicate:
                    Acknowledge(followed.Log.Held, sentAt);
                    break;
                case FrameVerdict.Accept:
                    var stored = new DiskEntry.Stored(followed.Log.Session, frame, startsAnew);
                    if (!follower._disk.TryAppend(stored))
                    {
                        followed.Log.NotPersisted();
                        End();
                        break;
                    }

                    if (follower._process.Fleet.Bug == PlantedBug.AcknowledgeBeforeSync)
                    {
                        Acknowledge(frame.Last, sentAt);
                    }

                    follower.WhenSynced(() => Stored(stored, sentAt));
                    break;
            }

            return ValueTask.CompletedTask;
        }

        public void Heartbeat(long sentAt, ulong confirmed, ulong uploaded)
        {
            if (_ended)
            {
                return;
            }

            follower.Heard(leader);
            if (followed.Log.Uploaded(uploaded))
            {
                followed.Trim();
                follower._disk.TryAppend(new DiskEntry.Dropped(followed.Log.Session, uploaded));
            }

            Acknowledge(followed.Log.Held, sentAt);
        }

        public void Ended()
        {
            if (!_ended)
            {
                _ended = true;
                follower._process.Detector.LinkLost(leader.Session);
            }
        }

        public void Refuse()
        {
            if (!_ended && followed.Log.SealedBy is { } epoch)
            {
                _ended = true;
                events.Refused(epoch);
            }
        }

        private void Stored(DiskEntry.Stored stored, long sentAt)
        {
            var (first, last) = (stored.Frame.First, stored.Frame.Last);
            if (last > followed.Log.Held)
            {
                followed.Frames.Add(stored);
            }

            if (followed.Log.Persisted(first, last))
            {
                Acknowledge(followed.Log.Held, sentAt);
            }
        }

        private void Acknowledge(ulong held, long sentAt)
        {
            if (_ended)
            {
                return;
            }

            if (followed.Log.Grant(follower._process.Machine.GetTimestamp()))
            {
                follower._process.Fleet.Oracle.Acknowledges(follower._process.Node, followed.Log.Session, held);
                events.Acknowledged(held, sentAt);
            }
            else
            {
                Refuse();
            }
        }

        private void End()
        {
            Ended();
            events.Ended(null);
        }
    }
}
