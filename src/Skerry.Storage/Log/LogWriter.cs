using System.IO.Hashing;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// The log's one writing thread. Each round:
/// <list type="number">
/// <item>takes everything that waits;</item>
/// <item>encodes a batch, as long as records fit the batch and the segment;</item>
/// <item>writes it with one write at the end of the last good batch;</item>
/// <item>syncs once;</item>
/// <item>tells the leader, which confirms the requests in order, or fails them.</item>
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
    private readonly LogLeader _leader;
    private readonly FailedStreams _failed = new();
    private readonly BatchBuffer _buffer;
    private readonly List<AppendRequest> _batch = [];
    private readonly List<LogPosition> _positions = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _markTimer;

    private List<AppendRequest> _taken = [];
    private int _takenIndex;
    private LogSegment? _current;
    private ulong _lastSequence;
    private ulong _batchFirst;
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

    public LogWriter(
        NodeLogOptions options,
        AppendQueue queue,
        SegmentFolder folder,
        SegmentPreparer preparer,
        LogScanResult found,
        TimeProvider time,
        ILogger logger)
    {
        _options = options;
        _queue = queue;
        _folder = folder;
        _preparer = preparer;
        _time = time;
        _logger = logger;
        _leader = new LogLeader(this, [Self], found.LastSequence);
        _buffer = new BatchBuffer(options.BatchBytesMax);
        _current = found.Current;
        _lastSequence = found.LastSequence;
        _highestTimestampMs = found.HighestTimestampMs;
        _end = (long)found.End.ToUInt64();
        _confirmedEnd = _end;
        _unmarked = found.Unmarked;
        _lastBatchAt = time.GetTimestamp();
        _markTimer = time.CreateTimer(static writer => ((LogWriter)writer!).OnMarkTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public LogPosition End => LogPosition.FromUInt64((ulong)Volatile.Read(ref _end));

    /// <summary>As <see cref="End"/>, but moved only when every request before it has heard of its confirmation.</summary>
    public LogPosition ConfirmedEnd => LogPosition.FromUInt64((ulong)Volatile.Read(ref _confirmedEnd));

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
        for (var sequence = first; sequence <= last; sequence++)
        {
            var index = (int)(sequence - _batchFirst);
            var request = _batch[index];
            bytes += AppendQueue.BytesOf(request);
            request.Stream.Last = _positions[index];
        }

        _queue.Release(bytes);
        for (var sequence = first; sequence <= last; sequence++)
        {
            var index = (int)(sequence - _batchFirst);
            _batch[index].OnConfirmed(_positions[index]);
        }
    }

    void ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error)
    {
        for (var sequence = first; sequence <= last; sequence++)
        {
            var request = _batch[(int)(sequence - _batchFirst)];
            _failed.Add(request.Stream.Key, request.Epoch);
            Fail(request, error);
        }
    }

    private void Run()
    {
        try
        {
            while (Take())
            {
                while (_takenIndex < _taken.Count)
                {
                    WriteBatch();
                }

                // An idle log must not keep the last requests' payloads alive.
                _batch.Clear();
                _taken.Clear();
                _takenIndex = 0;
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

    private bool Take()
    {
        if (!_queue.Take(ref _taken, wait: false))
        {
            return false;
        }

        if (_taken.Count == 0)
        {
            Idle();
            return _queue.Take(ref _taken, wait: true);
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
            if (_batch.Count > 0)
            {
                _leader.Submit(_batchFirst, _batchFirst + (ulong)_batch.Count - 1);
                Write();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            FailBatch(error);
            return;
        }

        if (_batch.Count > 0)
        {
            Batches++;
            Records += _batch.Count;
            Recovered();
            _leader.Persisted(Self, _leader.Submitted);
            if (_leader.Decided == _leader.Submitted)
            {
                Volatile.Write(ref _confirmedEnd, _end);
            }

            _preparer.Kick(_current!);
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
        _batch.Clear();
        _positions.Clear();
        _buffer.Reset();
        _batchFirst = _leader.Submitted + 1;
        _batchNumber++;
    }

    /// <summary>Encodes what waits until the batch or the segment is full.</summary>
    private void Collect()
    {
        for (; _takenIndex < _taken.Count; _takenIndex++)
        {
            var request = _taken[_takenIndex];
            if (_failed.Blocks(request))
            {
                Fail(request, FailedStreams.ErrorOf(request));
                continue;
            }

            var bytes = RecordHeader.SizeOf(request);
            if (_batch.Count == 0)
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
        var previous = stream.UnsyncedBatch == _batchNumber ? stream.Unsynced : stream.Last;
        RecordHeader.Write(_buffer.Add(bytes), request, _batchFirst + (ulong)_batch.Count, previous, offset, _current.Salt);
        stream.Unsynced = position;
        stream.UnsyncedBatch = _batchNumber;
        _batch.Add(request);
        _positions.Add(position);
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
            _batchFirst,
            _lastSequence,
            _batch.Count,
            _buffer.BodyBytes,
            segment.End == SegmentHeader.Block && !End.IsNone && End.Segment < segment.Number ? End : position,
            _batch.Count > 0 ? _batch[0].TimestampMs : 0,
            _highestTimestampMs,
            XxHash3.HashToUInt64(_buffer.Body, (long)segment.Salt));
        var bytes = _buffer.Seal(header, segment.Salt);
        segment.Reserve(header.End);
        segment.File.Write(bytes, position.Offset);
        Sync(segment);

        segment.End = header.End;
        _lastSequence = header.LastSequence;
        Note(segment);
        BytesAppended += bytes.Length;
        _unmarked = _batch.Count > 0;
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
        if (_batch.Count == 0)
        {
            return;
        }

        if (segment.FirstTimestampMs == 0)
        {
            segment.FirstTimestampMs = _batch[0].TimestampMs;
        }

        foreach (var request in _batch)
        {
            _highestTimestampMs = Math.Max(_highestTimestampMs, request.TimestampMs);
        }

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

        // What could not even be encoded fails with the batch: there is nowhere to write it to.
        if (_leader.Submitted < _batchFirst)
        {
            for (; _takenIndex < _taken.Count; _takenIndex++)
            {
                var request = _taken[_takenIndex];
                if (_failed.Blocks(request))
                {
                    Fail(request, FailedStreams.ErrorOf(request));
                    continue;
                }

                _batch.Add(request);
            }

            _leader.Submit(_batchFirst, _batchFirst + (ulong)_batch.Count - 1);
        }

        NodeLogMessages.BatchFailed(_logger, _batch.Count, error);
        var reason = error is IOException io && LogFile.IsDiskFull(io)
            ? $"The log in {_options.Folder} cannot be written: the disk is full. Free space; the log goes on by itself."
            : $"The log in {_options.Folder} cannot be written: {error.Message}. Check the disk.";
        var trouble = new StorageException(reason, error);
        Volatile.Write(ref _trouble, trouble);
        _leader.Failed(Self, _batchFirst, trouble);
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
