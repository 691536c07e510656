using System.Runtime.CompilerServices;
using Skerry.Simulation.Bugs;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Simulation.Fleet;

/// <summary>The leader of a process: the real state machine, with a spool in memory and links over the simulated network.</summary>
internal sealed class SimulatedLeader : IRelayLeaderEffects, IConfirmedRecords
{
    private const ulong Salt = 77;
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(150);

    private readonly NodeProcess _process;
    private readonly RelayLeader _leader;
    private readonly List<Frame> _spool = [];
    private readonly List<ArchivedRecord> _records = [];
    private readonly Dictionary<ulong, TaskCompletionSource> _unconfirmed = [];
    private readonly List<AppendRequest> _waiting = [];
    private readonly Dictionary<NodeId, Link> _links = [];
    private readonly List<(ulong Beyond, TaskCompletionSource Done)> _watchers = [];
    private string _etag;
    private uint _offset = 4096;

    public SimulatedLeader(NodeProcess process, Versioned<SessionRecord> record)
    {
        _process = process;
        _etag = record.ETag;
        var options = new RelayLeaderOptions { TimestampFrequency = TimeSpan.TicksPerSecond, DownAfter = HeartbeatInterval * 5 };
        _leader = new RelayLeader(this, options, record.Value, Now);
        process.Machine.Start(async () =>
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), process.Machine, process.Stopping);
                _leader.Tick(Now);
            }
        });
    }

    public RelayLeader State => _leader;

    public ulong ConfirmedSequence => _leader.Confirmed;

    /// <summary>True while reads may be answered that wait for no write.</summary>
    public bool HasLease => Now < _leader.LeaseUntil;

    public ulong LastSequence => (ulong)_records.Count;

    private long Now => _process.Machine.GetTimestamp();

    /// <summary>Appends a record; completes when it is confirmed.</summary>
    /// <exception cref="StorageException">The disk is full, or the session is fenced.</exception>
    public async Task AppendAsync(ObjectKey key, ulong epoch, RegisterCopy state, byte[] ltx)
    {
        if (_process.Node.Disk.IsFull)
        {
            throw new StorageException("The spool cannot be written: the disk is full.");
        }

        var (txid, timeMs, alarmMs) = (state.State.Transaction, state.State.TimestampMs, state.State.AlarmMs);
        var sequence = LastSequence + 1;
        var done = new TaskCompletionSource();
        _records.Add(new ArchivedRecord(key, epoch, txid, sequence, alarmMs, timeMs, ltx));
        _process.Fleet.Oracle.Appended(_process, _records[^1], state);
        _unconfirmed.Add(sequence, done);
        _waiting.Add(new Request { Stream = new LogStream(key, default), Epoch = epoch, Txid = txid, TimestampMs = timeMs, AlarmMs = alarmMs, Payload = ltx });
        if (_waiting.Count == 1)
        {
            _process.Machine.After(TimeSpan.FromMilliseconds(_process.Random.NextDouble()), WriteFrame);
        }

        await done.Task;
    }

    public void PeersChanged(IReadOnlyList<NodeInfo> live) => _leader.PeersChanged(live, Now);

    public void Uploaded(ulong upTo) => _leader.Uploaded(upTo);

    public async IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.Yield();
        for (var sequence = fromSequence; sequence <= ConfirmedSequence; sequence++)
        {
            yield return _records[(int)sequence - 1];
        }
    }

    public async Task WaitBeyondAsync(ulong sequence, CancellationToken cancel)
    {
        if (ConfirmedSequence <= sequence)
        {
            var done = new TaskCompletionSource();
            using var registration = cancel.Register(() => done.TrySetCanceled(cancel));
            _watchers.Add((sequence, done));
            await done.Task;
        }
    }

    void ILogLeaderEffects.Confirmed(ulong first, ulong last)
    {
        for (var sequence = first; sequence <= last; sequence++)
        {
            _process.Fleet.Oracle.Confirmed(_process, _records[(int)sequence - 1]);
        }

        _process.Machine.After(TimeSpan.Zero, () =>
        {
            for (var sequence = first; sequence <= last; sequence++)
            {
                if (_unconfirmed.Remove(sequence, out var done))
                {
                    done.SetResult();
                }
            }

            foreach (var (_, done) in _watchers.Where(w => w.Beyond < last).ToArray())
            {
                done.TrySetResult();
            }

            _watchers.RemoveAll(w => w.Beyond < last);
        });
    }

    void ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error) => _process.Machine.After(TimeSpan.Zero, () =>
    {
        for (var sequence = first; sequence <= last; sequence++)
        {
            if (_unconfirmed.Remove(sequence, out var done))
            {
                done.SetException(error);
            }
        }
    });

    void IRelayLeaderEffects.Connect(NodeInfo node)
    {
        if (_links.TryGetValue(node.Id, out var link))
        {
            link.Node = node;
            return;
        }

        link = new Link(node);
        _links.Add(node.Id, link);

        // Afterwards: the leader may be under construction.
        _process.Machine.After(TimeSpan.Zero, () => _process.Machine.Start(() => RunAsync(link)));
    }

    void IRelayLeaderEffects.Disconnect(NodeId node)
    {
        if (_links.Remove(node, out var link))
        {
            link.IsUnwanted = true;
        }
    }

    void IRelayLeaderEffects.WriteRecord(SessionRecord desired) => _process.Machine.Start(async () =>
    {
        if (_process.Fleet.Bug == PlantedBug.NoJointQuorum)
        {
            await Task.Yield();
            _leader.RecordWritten(desired, Now);
        }

        try
        {
            var outcome = await _process.Bucket.PutAsync(SessionRecords.KeyOf(_process.Self.Session), RecordJson.Write(desired), PutCondition.IfMatch(_etag), _process.Stopping);
            if (outcome.ETag is { } etag)
            {
                _etag = etag;
                _leader.RecordWritten(desired, Now);
            }
            else
            {
                await ReadRecordAsync();
            }
        }
        catch (BucketException error)
        {
            if (error.Fault == BucketFault.OutcomeUnknown)
            {
                _leader.RecordUnknown(Now);
            }
            else
            {
                _leader.RecordNotWritten(Now);
            }
        }
    });

    void IRelayLeaderEffects.ReadRecord() => _process.Machine.Start(ReadRecordAsync);

    void IRelayLeaderEffects.Fenced(StorageException reason) => _process.Machine.After(TimeSpan.Zero, () => _process.Fenced(reason.Message));

    private async Task ReadRecordAsync()
    {
        try
        {
            if (await _process.Bucket.GetAsync(SessionRecords.KeyOf(_process.Self.Session), _process.Stopping) is { } found)
            {
                _etag = found.ETag;
                _leader.RecordConflict(RecordJson.ReadSession("own", found.Content), Now);
            }
            else
            {
                _leader.Fence("its record is gone");
            }
        }
        catch (BucketException)
        {
            _leader.RecordUnknown(Now);
        }
    }

    private void WriteFrame()
    {
        var first = LastSequence - (ulong)_waiting.Count + 1;
        var body = new byte[_waiting.Sum(RecordHeader.SizeOf)];
        var at = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            var size = RecordHeader.SizeOf(_waiting[i]);
            RecordHeader.Write(body.AsSpan(at, size), _waiting[i], first + (ulong)i, default, _offset + (uint)at, Salt);
            at += size;
        }

        _waiting.Clear();
        _spool.Add(new Frame(first, LastSequence, Salt, 1, _offset, body));
        _offset += (uint)at;
        _leader.AppendedTo(LastSequence, Now);
        foreach (var link in _links.Values)
        {
            link.Wake();
        }
    }

    private async Task RunAsync(Link link)
    {
        while (!link.IsUnwanted)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), _process.Machine);
            var events = new Events(this, link);
            try
            {
                await using var stream = await _process.Transport.ConnectAsync(link.Node, new FollowHello(_process.Self, _leader.UploadedTo), events, limit.Token);
                if (link.IsUnwanted)
                {
                    return;
                }

                _leader.LinkUp(link.Node.Id, stream.Held, Now);
                await StreamAsync(link, stream, events);
            }
            catch (Exception error) when (error is PeerUnreachableException or OperationCanceledException)
            {
            }

            if (!link.IsUnwanted)
            {
                events.IsOver = true;
                _leader.LinkDown(link.Node.Id, Now);
                await Task.Delay(TimeSpan.FromMilliseconds(200), _process.Machine, _process.Stopping);
            }
        }
    }

    private async Task StreamAsync(Link link, IFollowerStream stream, Events events)
    {
        var next = stream.Held + 1;
        var index = _spool.FindIndex(frame => frame.Last >= next);
        index = index < 0 ? _spool.Count : index;
        while (!link.IsUnwanted && !events.IsOver)
        {
            for (; index < _spool.Count; index++)
            {
                await stream.SendAsync(_spool[index], Now, _process.Stopping);
            }

            await stream.HeartbeatAsync(Now, _leader.Confirmed, _leader.UploadedTo, _process.Stopping);
            await link.SleepAsync(_process.Machine, HeartbeatInterval);
        }
    }

    private sealed class Request : AppendRequest
    {
        protected internal override void OnConfirmed(LogPosition position)
        {
        }

        protected internal override void OnFailed(StorageException error)
        {
        }
    }

    private sealed class Link(NodeInfo node)
    {
        private TaskCompletionSource? _sleep;

        public NodeInfo Node { get; set; } = node;

        public bool IsUnwanted { get; set; }

        public void Wake() => _sleep?.TrySetResult();

        public async Task SleepAsync(World.Machine machine, TimeSpan interval)
        {
            var sleep = _sleep = new TaskCompletionSource();
            using var timer = machine.CreateTimer(_ => sleep.TrySetResult(), null, interval, Timeout.InfiniteTimeSpan);
            await sleep.Task;
        }
    }

    private sealed class Events(SimulatedLeader leader, Link link) : IFollowerEvents
    {
        public bool IsOver { get; set; }

        public void Acknowledged(ulong held, long sentAt)
        {
            if (!IsOver && !link.IsUnwanted)
            {
                leader._leader.Acknowledged(link.Node.Id, held, sentAt, leader.Now);
                if (leader._process.Fleet.Bug == PlantedBug.ConfirmAtMinority
                    && leader._leader.Record.Followers.FirstOrDefault(other => other.Id != link.Node.Id) is { } other)
                {
                    leader._leader.Acknowledged(other.Id, held, sentAt, leader.Now);
                }
            }
        }

        public void Refused(int recoveryEpoch)
        {
            if (!IsOver && !link.IsUnwanted)
            {
                leader._leader.Refused(link.Node.Id, recoveryEpoch, leader.Now);
            }
        }

        public void Ended(Exception? cause)
        {
            IsOver = true;
            link.Wake();
        }
    }
}
