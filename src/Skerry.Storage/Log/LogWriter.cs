using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// The log's one writing thread, whose role others may borrow while it sleeps. Each round:
/// <list type="number">
/// <item>takes everything that waits;</item>
/// <item>encodes a batch, as long as records fit the batch and the segment;</item>
/// <item>writes it with one write at the end of the last good batch;</item>
/// <item>syncs once, or, if the copies that count are elsewhere, hands the batch to the relay;</item>
/// <item>answers the requests in order, as far as they are decided.</item>
/// </list>
/// There is no waiting for more: while a sync runs the next batch collects by itself. A write that failed is
/// overwritten by the next batch. A sync that failed leaves the file's tail undefined, so the segment ends at its last
/// good batch and the next batch goes into another one.
/// </summary>
internal sealed class LogWriter : ILogLeaderEffects
{
    // A log of one copy has one member, which needs no name.
    private static readonly NodeId Self = new(0);

    private readonly NodeLogOptions _options;
    private readonly AppendQueue _queue;
    private readonly SegmentFolder _folder;
    private readonly SegmentPreparer _preparer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LogLeader? _leader;
    private readonly ILogRelay? _relay;
    private readonly FailedStreams _failed = new();
    private readonly BatchBuffer _buffer;
    private readonly PendingRecords _pending = new();
    private readonly Queue<(ulong Last, long End)> _undecided = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _markTimer;
    private readonly Lock _space = new();
    private readonly SequenceSignal _beyond;
    private StorageException? _refusal;

    private List<AppendRequest> _taken = [];
    private int _takenIndex;
    private LogSegment? _current;
    private ulong _lastSequence;
    private ulong _submitted;
    private ulong _confirmed;
    private int _batchRecords;
    private long _batchFirstTimestampMs;
    private long _batchHighestTimestampMs;
    private long _batchNumber;
    private long _highestTimestampMs;
    private long _lastBatchAt;
    private long _end;
    private long _confirmedEnd;
    private bool _unmarked;
    private bool _markTimerSet;
    private StorageException? _trouble;
    private long _failedAt;
    private bool _sealRequested;
    private long _batchStart;
    private long _chainFrom = 1;

    public LogWriter(
        NodeLogOptions options,
        AppendQueue queue,
        SegmentFolder folder,
        SegmentPreparer preparer,
        LogScanResult found,
        ILogRelay? relay,
        TimeProvider time,
        ILogger logger)
    {
        _options = options;
        _queue = queue;
        _folder = folder;
        _preparer = preparer;
        _time = time;
        _logger = logger;
        _relay = relay;
        _leader = relay is null ? new LogLeader(this, [Self], found.LastSequence) : null;
        _buffer = new BatchBuffer(options.BatchBytesMax);
        _current = found.Current;
        _lastSequence = found.LastSequence;
        _submitted = found.LastSequence;
        _confirmed = found.LastSequence;
        _beyond = new SequenceSignal(found.LastSequence);
        _highestTimestampMs = found.HighestTimestampMs;
        _end = (long)found.End.ToUInt64();
        _confirmedEnd = _end;
        _unmarked = found.Unmarked;
        _lastBatchAt = time.GetTimestamp();
        _markTimer = time.CreateTimer(static writer => ((LogWriter)writer!).OnMarkTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        relay?.Attach(this, OnNudge);
    }

    public LogPosition End => LogPosition.FromUInt64((ulong)Volatile.Read(ref _end));

    /// <summary>As <see cref="End"/>, but moved only when every request before it has heard of its confirmation.</summary>
    public LogPosition ConfirmedEnd => LogPosition.FromUInt64((ulong)Volatile.Read(ref _confirmedEnd));

    /// <summary>The last record that is confirmed; what failed in between has a number all the same.</summary>
    public ulong Confirmed => Volatile.Read(ref _confirmed);

    /// <summary>Completes when <see cref="Confirmed"/> is greater.</summary>
    public Task WaitBeyondAsync(ulong sequence, CancellationToken cancel) => _beyond.WaitAsync(sequence, cancel);

    public long Batches { get; private set; }

    public long Markers { get; private set; }

    public long Records { get; private set; }

    public long BytesAppended { get; private set; }

    public long Failures { get; private set; }

    public TimeSpan LastSyncDuration { get; private set; }

    /// <summary>Why the log could not be written when that was last tried; null if it could.</summary>
    public StorageException? Trouble => Volatile.Read(ref _trouble);

    public void Start() => new Thread(Run) { IsBackground = true, Name = "skerry log" }.Start();

    /// <summary>Completes when the closed queue is written, and the last batch marked.</summary>
    public async Task StopAsync()
    {
        await _stopped.Task;
        await _markTimer.DisposeAsync();
    }

    /// <summary>The next record starts a new segment.</summary>
    public void RequestSeal()
    {
        Volatile.Write(ref _sealRequested, true);
        _queue.Nudge();
    }

    void ILogLeaderEffects.Confirmed(ulong first, ulong last)
    {
        var bytes = 0L;
        for (var i = 0; i < _pending.Count && _pending[i].Sequence <= last; i++)
        {
            ref var record = ref _pending[i];
            if (record.Error is null)
            {
                bytes += AppendQueue.BytesOf(record.Request);
                record.Request.Stream.Last = record.Position;
            }
        }

        _queue.Release(bytes);
        Volatile.Write(ref _confirmed, last);
        while (_pending.Count > 0 && _pending[0].Sequence <= last)
        {
            var record = _pending.Take();
            if (record.Error is { } error)
            {
                Fail(record.Request, error);
            }
            else
            {
                record.Request.OnConfirmed(record.Position);
            }
        }

        Decided(last);
        _beyond.Announce(last);
    }

    void ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error)
    {
        while (_pending.Count > 0 && _pending[0].Sequence <= last)
        {
            var record = _pending.Take();
            _failed.Add(record.Request.Stream.Key, record.Request.Epoch);
            Fail(record.Request, record.Error ?? error);
        }

        if (_relay is null)
        {
            // What follows is confirmed by itself; these numbers are decided.
            Volatile.Write(ref _confirmed, last);
        }

        Decided(last);
    }

    /// <summary>Moves the end of what is decided, once every request before it has its answer.</summary>
    private void Decided(ulong last)
    {
        while (_undecided.TryPeek(out var batch) && batch.Last <= last)
        {
            Volatile.Write(ref _confirmedEnd, batch.End);
            _undecided.Dequeue();
        }
    }

    private void Run()
    {
        try
        {
            while (Take())
            {
                Round();
            }

            Mark();
            _stopped.SetResult();
        }
        catch (Exception bug)
        {
            // Without its writer the log would take requests and never answer; a bug here must end the process.
            _stopped.TrySetException(bug);
            throw;
        }
    }

    private void Round()
    {
        _relay?.Run();
        while (_takenIndex < _taken.Count && HasRoom)
        {
            WriteBatch();
            _relay?.Run();
        }

        if (_takenIndex == _taken.Count)
        {
            // An idle log must not keep the last requests' payloads alive.
            _taken.Clear();
            _takenIndex = 0;
        }
    }

    /// <summary>One round on the calling thread, which has borrowed this thread's role.</summary>
    public void RunBorrowed()
    {
        try
        {
            if (_taken.Count == 0)
            {
                _queue.TakeNow(ref _taken);
            }

            Round();
            if (_taken.Count == 0)
            {
                Idle();
            }
        }
        catch (Exception bug)
        {
            // As in Run: the process must not go on with half a round done.
            new Thread(() => ExceptionDispatchInfo.Throw(bug)).Start();
            throw;
        }

        _queue.GiveBack(HasRoom);
    }

    private void OnNudge(bool inline)
    {
        if (!inline)
        {
            _queue.Nudge();
        }
        else if (_queue.NudgeOrBorrow())
        {
            RunBorrowed();
        }
    }

    /// <summary>
    /// Batches that nobody has decided about are few: what comes meanwhile makes the next batch larger, which is cheaper
    /// for everybody than many small ones.
    /// </summary>
    private bool HasRoom => _undecided.Count < _options.BatchesInFlightMax;

    private bool Take()
    {
        if (!HasRoom || _takenIndex < _taken.Count)
        {
            if (!HasRoom)
            {
                _queue.WaitForNudge();
            }

            return true;
        }

        if (!_queue.Take(ref _taken, wait: false))
        {
            if (_pending.Count == 0)
            {
                return false;
            }

            _queue.WaitForNudge();
            return true;
        }

        if (_taken.Count == 0)
        {
            Idle();
            return _queue.Take(ref _taken, wait: true) || _pending.Count > 0;
        }

        return true;
    }

    /// <summary>Nothing waits: marks the last batch if it is old enough, or sees to it that somebody wakes this thread then.</summary>
    private void Idle()
    {
        if (Volatile.Read(ref _sealRequested))
        {
            Mark();
        }

        if (!_unmarked && _trouble is null)
        {
            return;
        }

        var rest = _options.MarkAfter - _time.GetElapsedTime(_trouble is null ? _lastBatchAt : _failedAt);
        if (rest <= TimeSpan.Zero)
        {
            Mark();
            rest = _options.MarkAfter;
        }

        if ((_unmarked || _trouble is not null) && !Volatile.Read(ref _markTimerSet))
        {
            Volatile.Write(ref _markTimerSet, true);
            _markTimer.Change(rest, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnMarkTimer()
    {
        Volatile.Write(ref _markTimerSet, false);
        _queue.Nudge();
    }

    private void WriteBatch()
    {
        StartBatch();
        try
        {
            Collect();
            if (_batchRecords > 0)
            {
                _leader?.Submit(_submitted + 1, _submitted + (ulong)_batchRecords);
                Write();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            FailBatch(error);
            return;
        }

        if (_batchRecords > 0)
        {
            Batches++;
            Records += _batchRecords;
            Recovered();
            _submitted += (ulong)_batchRecords;
            _undecided.Enqueue((_submitted, _end));
            if (_leader is not null)
            {
                _leader.Persisted(Self, _submitted);
                _preparer.Kick(_current!);
            }
            else
            {
                HandOver();
            }
        }

        AnswerFailed();
    }

    private void HandOver()
    {
        var segment = _current!;
        _relay!.Appended(new Frame(
            _submitted - (ulong)_batchRecords + 1,
            _submitted,
            segment.Salt,
            segment.Number,
            (uint)(_batchStart + BatchHeader.Size),
            _buffer.BodyMemory));
        CheckSpace();
    }

    /// <summary>Refuses records while too much waits for the bucket.</summary>
    public void CheckSpace()
    {
        lock (_space)
        {
            var bytes = 0L;
            foreach (var segment in _folder.Segments)
            {
                bytes += segment.End;
            }

            _queue.Refusal = _refusal ?? (bytes > _options.RetainedBytesMax
                ? new StorageException($"{bytes} bytes of confirmed writes in {_options.Folder} are not in the bucket yet, more than the {_options.RetainedBytesMax} allowed. Check the bucket; writes go on by themselves when it takes them.")
                : null);
        }
    }

    /// <summary>Refuses records for good.</summary>
    public void Refuse(StorageException reason)
    {
        lock (_space)
        {
            _refusal = reason;
            _queue.Refusal = reason;
        }
    }

    /// <summary>Answers the requests that have failed by themselves, if none before them still waits.</summary>
    private void AnswerFailed()
    {
        while (_pending.Count > 0 && _pending[0].Error is { } error)
        {
            Fail(_pending.Take().Request, error);
        }
    }

    private void Recovered()
    {
        if (_trouble is not null)
        {
            Volatile.Write(ref _trouble, null);
            NodeLogMessages.Recovered(_logger);
        }
    }

    private void StartBatch()
    {
        _batchRecords = 0;
        _batchFirstTimestampMs = 0;
        _batchHighestTimestampMs = 0;
        _buffer.Reset();
        _batchNumber++;
        if (_relay is null)
        {
            // Every batch before this one is decided.
            _chainFrom = _batchNumber;
        }
    }

    /// <summary>Encodes what waits until the batch or the segment is full.</summary>
    private void Collect()
    {
        for (; _takenIndex < _taken.Count; _takenIndex++)
        {
            var request = _taken[_takenIndex];
            if (_failed.Blocks(request))
            {
                _pending.Add(new PendingRecord(request, 0, default, FailedStreams.ErrorOf(request)));
                continue;
            }

            var bytes = RecordHeader.SizeOf(request);
            if (_batchRecords == 0)
            {
                MakeRoom(BatchHeader.Size + (long)bytes);
            }
            else if (_buffer.BodyBytes + bytes > _options.BatchBytesMax
                || _current!.End + BatchHeader.Align(_buffer.NextOffset + bytes) > _current.Capacity)
            {
                return;
            }

            Encode(request, bytes);
        }
    }

    private void Encode(AppendRequest request, int bytes)
    {
        var offset = (uint)(_current!.End + _buffer.NextOffset);
        var position = new LogPosition(_current.Number, offset);
        var stream = request.Stream;
        var previous = stream.UnsyncedBatch >= _chainFrom ? stream.Unsynced : stream.Last;
        var sequence = _submitted + (ulong)_batchRecords + 1;
        RecordHeader.Write(_buffer.Add(bytes), request, sequence, previous, offset, _current.Salt);
        stream.Unsynced = position;
        stream.UnsyncedBatch = _batchNumber;
        if (_batchRecords++ == 0)
        {
            _batchFirstTimestampMs = request.TimestampMs;
        }

        _batchHighestTimestampMs = Math.Max(_batchHighestTimestampMs, request.TimestampMs);
        _pending.Add(new PendingRecord(request, sequence, position, null));
    }

    /// <summary>Sees to a segment with space for a batch of so many bytes.</summary>
    private void MakeRoom(long bytes)
    {
        bytes = BatchHeader.Align(bytes);
        var old = _current;
        if (old is not null && !old.IsSealed && !Volatile.Read(ref _sealRequested) && old.End + bytes <= old.Capacity)
        {
            return;
        }

        var last = _folder.Segments is [.., var newest] ? newest.Number : 0;
        var next = _preparer.TakeNext(Math.Max(last, old?.Number ?? 0));
        next.Capacity = Math.Max(next.Capacity, SegmentHeader.Block + bytes);
        next.LastTimestampMs = _highestTimestampMs;
        _current = next;
        Volatile.Write(ref _sealRequested, false);
        if (old is { IsSealed: false })
        {
            Seal(old);
        }
    }

    private void Write()
    {
        var segment = _current!;
        var position = new LogPosition(segment.Number, (uint)segment.End);
        var header = new BatchHeader(
            position,
            _submitted + 1,
            _lastSequence,
            _batchRecords,
            _buffer.BodyBytes,
            segment.End == SegmentHeader.Block && !End.IsNone && End.Segment < segment.Number ? End : position,
            _batchFirstTimestampMs,
            _highestTimestampMs,
            XxHash3.HashToUInt64(_buffer.Body, (long)segment.Salt));
        var bytes = _buffer.Seal(header, segment.Salt);
        segment.Reserve(header.End);
        segment.File.Write(bytes, position.Offset);
        if (_relay is null)
        {
            Sync(segment);
        }

        _batchStart = segment.End;
        _lastSequence = header.LastSequence;
        if (_batchRecords > 0)
        {
            segment.NoteRecords(header.FirstSequence, header.LastSequence);
        }

        segment.End = header.End;
        Note(segment);
        BytesAppended += bytes.Length;
        _unmarked = _batchRecords > 0 && _relay is null;
        _lastBatchAt = _time.GetTimestamp();
        Volatile.Write(ref _end, (long)new LogPosition(segment.Number, (uint)header.End).ToUInt64());
    }

    private void Sync(LogSegment segment)
    {
        var started = _time.GetTimestamp();
        try
        {
            segment.File.Sync();
        }
        catch (IOException error)
        {
            throw new SyncFailedException(error);
        }

        LastSyncDuration = _time.GetElapsedTime(started);
    }

    private void Note(LogSegment segment)
    {
        if (_batchRecords == 0)
        {
            return;
        }

        if (segment.FirstTimestampMs == 0)
        {
            segment.FirstTimestampMs = _batchFirstTimestampMs;
        }

        _highestTimestampMs = Math.Max(_highestTimestampMs, _batchHighestTimestampMs);
        segment.LastTimestampMs = _highestTimestampMs;
    }

    /// <summary>
    /// Writes an empty batch: what stands before it was synced, so if it becomes illegible that is damage. After a
    /// failure it is also how an idle log finds out that it can be written again.
    /// </summary>
    private void Mark()
    {
        if (_trouble is null && (!_unmarked || _current is null || _current.IsSealed))
        {
            return;
        }

        StartBatch();
        try
        {
            MakeRoom(BatchHeader.Size);
            Write();
            Markers++;
            Recovered();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No record depends on a marker; the next batch marks just as well.
            _unmarked = false;
            _failedAt = _time.GetTimestamp();
            GiveUpSegment(error);
        }
    }

    private void FailBatch(Exception error)
    {
        Failures++;
        _failedAt = _time.GetTimestamp();
        GiveUpSegment(error);

        var reason = error is IOException io && LogFile.IsDiskFull(io)
            ? $"The log in {_options.Folder} cannot be written: the disk is full. Free space; the log goes on by itself."
            : $"The log in {_options.Folder} cannot be written: {error.Message}. Check the disk.";
        var trouble = new StorageException(reason, error);
        Volatile.Write(ref _trouble, trouble);

        // What could not even be encoded fails with the batch: there is nowhere to write it to.
        if (_batchRecords == 0)
        {
            for (; _takenIndex < _taken.Count; _takenIndex++)
            {
                var request = _taken[_takenIndex];
                var why = _failed.Blocks(request) ? FailedStreams.ErrorOf(request) : null;
                _pending.Add(new PendingRecord(request, 0, default, why ?? trouble));
                if (why is null)
                {
                    _batchRecords++;
                    _failed.Add(request.Stream.Key, request.Epoch);
                }
            }
        }
        else if (_leader is not null && _leader.Submitted > _submitted)
        {
            // These numbers may be on the disk, so they are not given again.
            var first = _submitted + 1;
            _submitted = _leader.Submitted;
            _leader.Failed(Self, first, trouble);
        }
        else
        {
            TakeBack(trouble);
        }

        NodeLogMessages.BatchFailed(_logger, _batchRecords, error);
        AnswerFailed();
    }

    /// <summary>Nobody has been told of the batch's records: their numbers go to the next ones.</summary>
    private void TakeBack(StorageException error)
    {
        _chainFrom = _batchNumber + 1;
        for (var i = _pending.Count - 1; i >= 0 && (_pending[i].Sequence > _submitted || _pending[i].Error is not null); i--)
        {
            ref var record = ref _pending[i];
            if (record.Error is null)
            {
                record = record with { Sequence = 0, Error = error };
                _failed.Add(record.Request.Stream.Key, record.Request.Epoch);
            }
        }
    }

    /// <summary>Unless the disk was merely full, the segment's tail is no longer to be trusted.</summary>
    private void GiveUpSegment(Exception error)
    {
        if (_current is not { IsSealed: false } segment || error is IOException io && LogFile.IsDiskFull(io))
        {
            return;
        }

        NodeLogMessages.SegmentGivenUp(_logger, segment.Path, segment.End);
        Seal(segment);
        if (segment.End == SegmentHeader.Block)
        {
            // A disk that fails for long must not leave an empty file for each try.
            TryRemove(segment);
        }
    }

    private void Seal(LogSegment segment)
    {
        try
        {
            segment.Seal();
        }
        catch (IOException error)
        {
            NodeLogMessages.TruncateFailed(_logger, segment.Path, error);
        }
    }

    private void TryRemove(LogSegment segment)
    {
        try
        {
            _folder.Remove(other => other == segment);
        }
        catch (IOException error)
        {
            NodeLogMessages.TruncateFailed(_logger, segment.Path, error);
        }
    }

    private void Fail(AppendRequest request, StorageException error)
    {
        _queue.Release(AppendQueue.BytesOf(request));
        request.OnFailed(error);
    }

    /// <summary>A sync's failure: unlike a write's, the same bytes must not be tried again in the same file, whatever the cause.</summary>
    private sealed class SyncFailedException(IOException cause) : IOException(cause.Message, cause);
}
