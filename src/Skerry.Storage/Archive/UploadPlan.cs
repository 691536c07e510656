using Skerry.Storage.Ltx;

namespace Skerry.Storage.Archive;

/// <summary>
/// Decides what goes into the bucket, in what files, and when. A pure state machine: no threads, clocks or bucket; times
/// are milliseconds of any monotonic clock. Not thread-safe.
/// <list type="number">
/// <item>Confirmed records gather until the first of them has waited for the window, or they are too many bytes.</item>
/// <item>Objects with much in a batch get a file of their own; all others share the bundle. There is always a bundle:
/// its name says up to where everything is in the bucket, so it is written last.</item>
/// <item>What an object has in bundles is promoted when it is much, or old.</item>
/// <item>When an object's records since its last snapshot are more than its database, a snapshot is due.</item>
/// </list>
/// </summary>
public sealed class UploadPlan
{
    private sealed class ObjectState
    {
        public long BundledBytes;
        public long OldestMs;
        public long LogBytes;
        public long LogBytesAtStart;
        public long DatabaseBytes;
        public bool Inspected;
        public bool Busy;
        public long NotBeforeMs;
    }

    // A restore may read that much more than planned, for the sake of objects that hardly write: they are not inspected.
    private const long UninspectedBytesMax = 16 << 10;

    private readonly UploadOptions _options;
    private readonly Dictionary<ObjectKey, ObjectState> _objects = [];
    private readonly HashSet<ObjectKey> _candidates = [];
    private readonly PriorityQueue<ObjectKey, long> _ages = new();
    private List<ArchivedRecord> _gathered = [];
    private long _oldestMs;
    private int _forgetAt;

    /// <summary>Creates a plan without anything gathered.</summary>
    public UploadPlan(UploadOptions options) => (_options, _forgetAt) = (options, options.RememberedObjectsMax);

    /// <summary>Objects of which something is remembered.</summary>
    public int Remembered => _objects.Count;

    /// <summary>True if something of the object is remembered.</summary>
    public bool Knows(ObjectKey key) => _objects.ContainsKey(key);

    /// <summary>Bytes of records gathered for the next batch.</summary>
    public long GatheredBytes { get; private set; }

    /// <summary>The last sequence gathered for the next batch; 0 if nothing has been.</summary>
    public ulong LastGathered => _gathered is [.., var last] ? last.Sequence : 0;

    /// <summary>True if nothing has been gathered.</summary>
    public bool IsEmpty => _gathered.Count == 0;

    /// <summary>True if nothing more may be gathered before the batch has been closed.</summary>
    public bool IsFull => GatheredBytes >= _options.BatchBytes;

    /// <summary>When the batch must be closed; null while it is empty.</summary>
    public long? DueAtMs => IsEmpty ? null : IsFull ? _oldestMs : _oldestMs + (long)_options.BatchWindow.TotalMilliseconds;

    /// <summary>Takes a confirmed record in. Records come by sequence.</summary>
    /// <param name="record">The record.</param>
    /// <param name="nowMs">The time.</param>
    public void Gather(in ArchivedRecord record, long nowMs)
    {
        if (_gathered is [.., var last] && record.Sequence <= last.Sequence)
        {
            throw new InvalidOperationException($"Record {record.Sequence} comes after record {last.Sequence}.");
        }

        if (IsEmpty)
        {
            _oldestMs = nowMs;
        }

        _gathered.Add(record);
        GatheredBytes += record.Ltx.Length;
    }

    /// <summary>Ends the batch, and begins to gather the next.</summary>
    /// <param name="first">The sequence after the last batch's.</param>
    /// <param name="last">Every confirmed record up to this has been gathered.</param>
    public UploadBatch Close(ulong first, ulong last)
    {
        if (first > last || (_gathered is [var oldest, .., var newest] && (oldest.Sequence < first || newest.Sequence > last)))
        {
            throw new InvalidOperationException($"The records gathered do not lie in {first} to {last}.");
        }

        var byObject = _gathered.GroupBy(static r => r.Key).ToLookup(g => g.Sum(static r => (long)r.Ltx.Length) >= _options.OwnFileBytes);
        var batch = new UploadBatch(
            first,
            last,
            [.. byObject[true].Select(static g => (IReadOnlyList<ArchivedRecord>)[.. g])],
            [.. byObject[false].SelectMany(static g => g)]);
        _gathered = [];
        GatheredBytes = 0;
        return batch;
    }

    /// <summary>A batch is in the bucket.</summary>
    public void Uploaded(UploadBatch batch, long nowMs)
    {
        foreach (var records in batch.OwnFiles)
        {
            foreach (var record in records)
            {
                Count(record);
            }
        }

        foreach (var record in batch.Bundle)
        {
            var state = Count(record);
            if (state.BundledBytes == 0)
            {
                state.OldestMs = nowMs;
                _ages.Enqueue(record.Key, nowMs);
            }

            state.BundledBytes += record.Ltx.Length;
        }

        ForgetIdle();
    }

    // Whoever has nothing to be done is found out about again by an inspection, once it has written enough to need one.
    private void ForgetIdle()
    {
        if (_objects.Count <= _forgetAt)
        {
            return;
        }

        foreach (var (key, state) in _objects)
        {
            if (state is { BundledBytes: 0, Busy: false, NotBeforeMs: 0 } && !_candidates.Contains(key))
            {
                _objects.Remove(key);
            }
        }

        _forgetAt = Math.Max(_options.RememberedObjectsMax, 2 * _objects.Count);
    }

    private ObjectState Count(in ArchivedRecord record)
    {
        if (!_objects.TryGetValue(record.Key, out var state))
        {
            _objects[record.Key] = state = new ObjectState();
        }

        state.LogBytes += record.Ltx.Length;
        state.DatabaseBytes = DatabaseBytes(LtxHeader.Parse("a confirmed record", record.Ltx.Span));
        _candidates.Add(record.Key);
        return state;
    }

    private static long DatabaseBytes(in LtxHeader header) => (long)header.Commit * header.PageSize;

    /// <summary>What is to be done now; each is under way from then on, until it has been reported done or failed.</summary>
    public IReadOnlyList<UploadWork> TakeWork(long nowMs, int max)
    {
        List<UploadWork> work = [];
        while (_ages.TryPeek(out var key, out var since) && nowMs - since >= PromoteAgeMs)
        {
            _ages.Dequeue();
            _candidates.Add(key);
        }

        foreach (var key in _candidates)
        {
            if (work.Count >= max)
            {
                break;
            }

            if (!_objects.TryGetValue(key, out var state) || Decide(state, nowMs) is not { } kind)
            {
                if (state is null or { Busy: false, NotBeforeMs: 0 })
                {
                    _candidates.Remove(key);
                }

                continue;
            }

            state.Busy = true;
            state.LogBytesAtStart = state.LogBytes;
            work.Add(new UploadWork(kind, key));
        }

        return work;
    }

    private long PromoteAgeMs => (long)_options.PromoteAge.TotalMilliseconds;

    private UploadWorkKind? Decide(ObjectState state, long nowMs)
    {
        if (state.Busy || state.NotBeforeMs > nowMs)
        {
            return null;
        }

        state.NotBeforeMs = 0;
        if (state.BundledBytes >= _options.PromoteBytes || (state.BundledBytes > 0 && nowMs - state.OldestMs >= PromoteAgeMs))
        {
            return UploadWorkKind.Promote;
        }

        if (!state.Inspected)
        {
            return state.LogBytes >= UninspectedBytesMax ? UploadWorkKind.Inspect : null;
        }

        return state.LogBytes > Math.Max(state.DatabaseBytes, _options.SnapshotBytesMin) ? UploadWorkKind.Snapshot : null;
    }

    /// <summary>When something may be due next without anything being uploaded; null if nothing will be.</summary>
    public long? NextWorkAtMs
    {
        get
        {
            long? next = _ages.TryPeek(out _, out var since) ? since + PromoteAgeMs : null;
            foreach (var key in _candidates)
            {
                if (_objects.TryGetValue(key, out var state) && !state.Busy)
                {
                    next = Math.Min(next ?? long.MaxValue, state.NotBeforeMs);
                }
            }

            return next;
        }
    }

    /// <summary>Bundles have nothing of an object any more that was uploaded before its promotion began, <paramref name="left"/> bytes after it.</summary>
    public void Promoted(ObjectKey key, long left, long nowMs)
    {
        if (Done(key) is not { } state)
        {
            return;
        }

        state.BundledBytes = left;
        state.OldestMs = nowMs;
        if (left > 0)
        {
            _ages.Enqueue(key, nowMs);
        }
    }

    /// <summary>It is known how many bytes of log an object has after its newest snapshot in the bucket.</summary>
    public void Inspected(ObjectKey key, long logBytes)
    {
        if (Done(key) is { } state)
        {
            state.LogBytes = logBytes + (state.LogBytes - state.LogBytesAtStart);
            state.Inspected = true;
        }
    }

    /// <summary>An object has a new snapshot, of everything that was uploaded when it was begun.</summary>
    public void Snapshotted(ObjectKey key) => Inspected(key, 0);

    /// <summary>Work for an object has failed; it is not tried again before <paramref name="notBeforeMs"/>.</summary>
    public void Failed(ObjectKey key, long notBeforeMs)
    {
        if (Done(key) is { } state)
        {
            state.NotBeforeMs = notBeforeMs;
        }
    }

    /// <summary>Tells at once what <see cref="UploadWorkKind.Inspect"/> would find out: whoever claims an object has read it.</summary>
    public void Adopt(ObjectKey key, long logBytes, long databaseBytes)
    {
        if (!_objects.TryGetValue(key, out var state))
        {
            _objects[key] = state = new ObjectState { DatabaseBytes = databaseBytes };
        }

        if (!state.Inspected)
        {
            state.LogBytes += logBytes;
            state.Inspected = true;
            _candidates.Add(key);
        }

        ForgetIdle();
    }

    /// <summary>The object belongs to another session now.</summary>
    public void Forget(ObjectKey key)
    {
        _objects.Remove(key);
        _candidates.Remove(key);
    }

    private ObjectState? Done(ObjectKey key)
    {
        if (!_objects.TryGetValue(key, out var state))
        {
            return null;
        }

        state.Busy = false;
        _candidates.Add(key);
        return state;
    }
}
