using Microsoft.Extensions.Logging;
using Skerry.Storage.Buckets;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>
/// A session's data path: the spool that its records go to, the links to its followers, and the leader that decides.
/// Thread-safe.
/// <para>
/// The leader runs as part of the spool's writer. Links, timers and the bucket leave word for it in an inbox and wake it,
/// or lend it their thread, so that the state machine needs no locks.
/// </para>
/// </summary>
public sealed class Replicator : ILogRelay, ILinkSource, IRelayLeaderEffects, IAsyncDisposable
{
    // Heartbeats come ten times a second; half of that is fine enough to find that they do not.
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(50);

    private readonly ReplicatorOptions _options;
    private readonly SessionRecord _first;
    private readonly ILeaderRecord _bucketRecord;
    private readonly IRelayTransport _transport;
    private readonly FollowerStore _own;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _inboxGate = new();
    private readonly TaskCompletionSource<StorageException> _fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<NodeId, FollowerLink> _links = [];
    private readonly List<Task> _ending = [];
    private List<LinkEvent> _linkInbox = [];
    private List<LinkEvent> _linkTaken = [];
    private List<Action<RelayLeader, long>> _inbox = [];
    private List<Action<RelayLeader, long>> _taken = [];
    private bool _due;
    private ILogLeaderEffects? _decisions;
    private Action<bool>? _nudge;
    private NodeLog? _log;
    private RelayLeader? _leader;
    private Task _recordWork = Task.CompletedTask;
    private ITimer? _tick;
    private FollowerLink[] _linkList = [];
    private LeaderStatus _status = new(0, 0, 0, []);
    private SessionRecord _record;
    private ulong _appended;
    private ulong _confirmed;
    private ulong _uploadedTo;
    private long _leaseUntil = long.MinValue;
    private int _disposed;

    private Replicator(
        ReplicatorOptions options,
        SessionRecord record,
        ILeaderRecord bucketRecord,
        IRelayTransport transport,
        FollowerStore own,
        TimeProvider time,
        Random random,
        ILogger logger)
    {
        _options = options;
        _first = record;
        _record = record;
        _bucketRecord = bucketRecord;
        _transport = transport;
        _own = own;
        _random = random;
        _time = time;
        _logger = logger;
        Ring = new FrameRing(options.RingBytesMax);
    }

    /// <summary>The spool, to which records are appended.</summary>
    public NodeLog Log => _log!;

    /// <summary>Completes, with the reason, when the session has lost its right to confirm. The process has to end.</summary>
    public Task<StorageException> Fenced => _fenced.Task;

    /// <summary>The session record as far as it is known.</summary>
    public SessionRecord Record => Volatile.Read(ref _record);

    /// <summary>True while a read may be answered that waits for no write.</summary>
    public bool MayRead => _time.GetTimestamp() < Volatile.Read(ref _leaseUntil);

    /// <summary>How far everything is, all of one instant, at most a tick ago.</summary>
    public LeaderStatus Status => Volatile.Read(ref _status);

    /// <summary>The followers and those that are to become some. A snapshot, at most a tick old.</summary>
    public IReadOnlyList<FollowerStatus> Followers => Status.Followers;

    /// <summary>The last record in the spool.</summary>
    public ulong Appended => Volatile.Read(ref _appended);

    /// <summary>Records up to this are in the bucket.</summary>
    public ulong UploadedTo => Volatile.Read(ref _uploadedTo);

    internal FrameRing Ring { get; }

    FrameRing ILinkSource.Ring => Ring;

    ulong ILinkSource.Appended => Appended;

    ulong ILinkSource.Confirmed => Volatile.Read(ref _confirmed);

    /// <summary>Begins a session's data path.</summary>
    /// <param name="options">Where, and how large.</param>
    /// <param name="record">The session record, which has just been created in the bucket.</param>
    /// <param name="bucketRecord">How that record is changed.</param>
    /// <param name="transport">The way to other nodes.</param>
    /// <param name="own">This node's own store: with fewer than three others it is one of the followers.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Spreads the links' retries. Used on the writer's thread.</param>
    /// <param name="logger">Where it tells what happens.</param>
    /// <exception cref="StorageException">The spool's folder cannot be used.</exception>
    public static Replicator Open(
        ReplicatorOptions options,
        SessionRecord record,
        ILeaderRecord bucketRecord,
        IRelayTransport transport,
        FollowerStore own,
        TimeProvider time,
        Random random,
        ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(time);
        var replicator = new Replicator(options, record, bucketRecord, transport, own, time, random, logger);
        var spool = new NodeLogOptions
        {
            Folder = options.Folder,
            SegmentBytes = options.SegmentBytes,
            QueueBytesMax = options.QueueBytesMax,
            BatchBytesMax = options.FrameBytesMax,
            BatchesInFlightMax = options.FramesInFlightMax,
            RetainedBytesMax = options.RetainedBytesMax,
            Synced = false,
            Files = options.Files,
        };
        Volatile.Write(ref replicator._log, NodeLog.OpenSpool(spool, replicator, time, logger));
        replicator._tick = time.CreateTimer(static r => ((Replicator)r!).OnTick(), replicator, TimeSpan.Zero, TickEvery);
        return replicator;
    }

    /// <summary>Which nodes are there now, according to the cluster's membership.</summary>
    public void PeersChanged(IReadOnlyList<NodeInfo> live) => Post((leader, now) => leader.PeersChanged(live, now));

    /// <summary>Records up to <paramref name="upTo"/> are in the bucket: the followers and the spool need not keep them.</summary>
    /// <exception cref="StorageException">A file of the spool cannot be removed; later calls try again.</exception>
    public void Uploaded(ulong upTo)
    {
        lock (_inboxGate)
        {
            _uploadedTo = Math.Max(_uploadedTo, upTo);
        }

        Post((leader, _) => leader.Uploaded(upTo));
        foreach (var link in Volatile.Read(ref _linkList))
        {
            link.Uploaded();
        }

        Log.Uploaded(upTo);
    }

    /// <summary>The session must not confirm anything any more, for a reason that was found elsewhere.</summary>
    public void Fence(string why) => Post((leader, _) => leader.Fence(why));

    /// <summary>
    /// Takes no more records, waits until all that were taken are decided, and closes. If <paramref name="cancel"/> comes
    /// first, what is undecided fails.
    /// </summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        var closing = Log.DisposeAsync().AsTask();
        try
        {
            await closing.WaitAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Post(static (leader, _) => leader.Fence("the node stops before its followers have confirmed everything"));
            await closing.ConfigureAwait(false);
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        if (_tick is not null)
        {
            await _tick.DisposeAsync().ConfigureAwait(false);
        }

        // The writer's thread has ended: its state is this thread's now.
        await Task.WhenAll([.. _links.Values.Select(static link => link.DisposeAsync().AsTask()), .. _ending, _recordWork]).ConfigureAwait(false);
        Ring.Clear();
        _stop.Dispose();
    }

    /// <summary>Stops at once: what is not confirmed fails.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);

    void ILogRelay.Attach(ILogLeaderEffects decisions, Action<bool> nudge) => (_decisions, _nudge) = (decisions, nudge);

    void ILogRelay.Appended(in Frame frame)
    {
        // 1. On its way before anything else.
        Ring.Add(frame);
        Volatile.Write(ref _appended, frame.Last);
        foreach (var link in _linkList)
        {
            link.FrameAdded();
        }

        // 2. Counted before any acknowledgement of it is: those wait in the inbox.
        (_leader ??= CreateLeader()).AppendedTo(frame.Last, _time.GetTimestamp());
        Publish(_leader);
    }

    void ILogRelay.Run()
    {
        if (Volatile.Read(ref _log) is null)
        {
            return;
        }

        var leader = _leader ??= CreateLeader();
        bool due;
        lock (_inboxGate)
        {
            (_linkInbox, _linkTaken) = (_linkTaken, _linkInbox);
            (_inbox, _taken) = (_taken, _inbox);
            (due, _due) = (_due, false);
        }

        var now = _time.GetTimestamp();
        foreach (var happened in _linkTaken)
        {
            Take(leader, happened, now);
        }

        foreach (var input in _taken)
        {
            input(leader, now);
        }

        _linkTaken.Clear();
        _taken.Clear();
        if (due)
        {
            leader.Tick(now);
            _ending.RemoveAll(static task => task.IsCompletedSuccessfully);
            Volatile.Write(ref _status, new(
                leader.Appended,
                leader.Confirmed,
                leader.UploadedTo,
                [.. leader.Links.Select(static link => new FollowerStatus(link.Node, link.IsUp, link.Held, link.IsMember))]));
        }

        Publish(leader);
    }

    IEnumerable<Frame> ILinkSource.ReadFrames(ulong from) => Log.ReadFrames(from);

    async Task<IFollowerStream> ILinkSource.ConnectAsync(NodeInfo node, IFollowerEvents events, CancellationToken cancel)
    {
        var hello = new FollowHello(_first.Node, UploadedTo);
        return node.Id == _first.Node.Id
            ? LocalFollowerStream.Connect(_own, hello, events)
            : await _transport.ConnectAsync(node, hello, events, cancel).ConfigureAwait(false);
    }

    void ILinkSource.Post(in LinkEvent happened)
    {
        lock (_inboxGate)
        {
            _linkInbox.Add(happened);
        }

        // What an acknowledgement decides is decided by the thread that brings it, if the writer sleeps.
        _nudge!(happened.Kind == LinkEventKind.Acknowledged);
    }

    void ILogLeaderEffects.Confirmed(ulong first, ulong last)
    {
        Volatile.Write(ref _confirmed, last);
        _decisions!.Confirmed(first, last);
    }

    void ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error) => _decisions!.Failed(first, last, error);

    void IRelayLeaderEffects.Connect(NodeInfo node)
    {
        End(node.Id);
        // Each link has its own source of chance: they run on many threads.
        var backoff = new Backoff(_time, new Random(_random.Next()));
        _links.Add(node.Id, new FollowerLink(node, this, _options, backoff, _time, _logger));
        Volatile.Write(ref _linkList, [.. _links.Values]);
    }

    void IRelayLeaderEffects.Disconnect(NodeId node)
    {
        End(node);
        Volatile.Write(ref _linkList, [.. _links.Values]);
    }

    void IRelayLeaderEffects.WriteRecord(SessionRecord desired) => _recordWork = WorkAsync(async cancel =>
    {
        var (written, current) = await _bucketRecord.SwapAsync(desired, cancel).ConfigureAwait(false);
        Post((leader, now) =>
        {
            if (written)
            {
                leader.RecordWritten(current ?? desired, now);
            }
            else
            {
                Conflict(leader, current, now);
            }
        });
    });

    void IRelayLeaderEffects.ReadRecord() => _recordWork = WorkAsync(async cancel =>
    {
        var current = await _bucketRecord.ReadAsync(cancel).ConfigureAwait(false);
        Post((leader, now) => Conflict(leader, current, now));
    });

    void IRelayLeaderEffects.Fenced(StorageException reason)
    {
        Log.Refuse(reason);
        if (Volatile.Read(ref _disposed) == 0)
        {
            ReplicatorMessages.Fenced(_logger, _appended - _confirmed, reason);
            _fenced.TrySetResult(reason);
        }
    }

    private static void Conflict(RelayLeader leader, SessionRecord? current, long now)
    {
        if (current is null)
        {
            leader.Fence("its record is gone");
        }
        else
        {
            leader.RecordConflict(current, now);
        }
    }

    // On the writer's thread, because that is where the leader lives.
    private RelayLeader CreateLeader() => new(
        this, _options.Leader with { TimestampFrequency = _time.TimestampFrequency }, _first, _time.GetTimestamp());

    private void Take(RelayLeader leader, in LinkEvent happened, long now)
    {
        var id = happened.Link.Node.Id;
        if (!_links.TryGetValue(id, out var link) || link != happened.Link)
        {
            // Of a link that has been given up.
            return;
        }

        switch (happened.Kind)
        {
            case LinkEventKind.Up:
                leader.LinkUp(id, happened.Held, now);
                break;
            case LinkEventKind.Acknowledged:
                leader.Acknowledged(id, happened.Held, happened.SentAt, now);
                break;
            case LinkEventKind.Down:
                leader.LinkDown(id, now);
                break;
            case LinkEventKind.Refused:
                leader.Refused(id, happened.RecoveryEpoch, now);
                break;
        }
    }

    private void Publish(RelayLeader leader)
    {
        Volatile.Write(ref _leaseUntil, leader.LeaseUntil);
        if (leader.Record != _record)
        {
            Volatile.Write(ref _record, leader.Record);
            ReplicatorMessages.Followers(_logger, _record.Generation, string.Join(", ", _record.Followers.Select(static node => node.Name)));
        }
    }

    private void Post(Action<RelayLeader, long> input)
    {
        lock (_inboxGate)
        {
            _inbox.Add(input);
        }

        _nudge!(false);
    }

    private void OnTick()
    {
        lock (_inboxGate)
        {
            _due = true;
        }

        _nudge!(false);
    }

    private void End(NodeId node)
    {
        if (_links.Remove(node, out var link))
        {
            _ending.Add(Task.Run(async () => await link.DisposeAsync().ConfigureAwait(false)));
        }
    }

    private async Task WorkAsync(Func<CancellationToken, Task> work)
    {
        await Task.Yield();
        using var limit = new CancellationTokenSource(_options.RecordTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, limit.Token);
        try
        {
            await work(either.Token).ConfigureAwait(false);
        }
        catch (BucketException error) when (error.Fault != BucketFault.OutcomeUnknown)
        {
            ReplicatorMessages.RecordFailed(_logger, error);
            Post(static (leader, now) => leader.RecordNotWritten(now));
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            ReplicatorMessages.RecordFailed(_logger, error);
            Post(static (leader, now) => leader.RecordUnknown(now));
        }
    }
}
