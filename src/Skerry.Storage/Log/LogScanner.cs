using System.IO.Hashing;
using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Log;

/// <summary>
/// Recovery: reads the log from the checkpoint to its end, hands every record to the caller, and decides what an
/// illegible place is.
/// <list type="number">
/// <item>Batches chain: each says where the one before it ended and which record was the last.</item>
/// <item>An illegible place with no legible batch after it, in this segment or a later one, is the torn end of a crash:
/// none of it was confirmed, for a batch is confirmed before the next one is written. It is cut.</item>
/// <item>An illegible place with a batch after it was on stable storage: that is damage. It is reported, and the records
/// within it that still match their own checksums are handed on.</item>
/// <item>What a segment holds beyond the point that the next segment's first batch names as synced is left out: its
/// sync had failed.</item>
/// </list>
/// A batch whose sync failed may be found after all, if the process ended before the log went on elsewhere. Its records
/// were reported as failed; a record of a higher epoch with the same or a lower transaction id supersedes them, and
/// the caller has to see to that.
/// </summary>
internal sealed class LogScanner(SegmentFolder folder, LogPosition checkpoint, Action<LogEntry> replay, ILogger logger)
{
    private readonly LogSegment[] _segments = folder.Segments;
    private readonly DamageReport _damage = new(logger);
    private readonly Dictionary<LogSegment, SegmentWalker> _walkers = [];
    private byte[] _body = [];
    private LogPosition _end;
    private LogPosition _lastBatchEnd;
    private ulong _lastSequence;
    private bool _sequenceKnown;
    private long _highestTimestampMs;
    private long _records;
    private bool _unmarked;

    /// <summary>Does it all, and leaves the log's end clean for appending.</summary>
    public LogScanResult Run()
    {
        var first = FirstIndex();
        if (first < _segments.Length && !checkpoint.IsNone && checkpoint.Segment < _segments[first].Number)
        {
            _end = checkpoint;
        }

        for (var index = first; index < _segments.Length; index++)
        {
            if (!ScanSegment(index))
            {
                break;
            }
        }

        NoteUnscanned(first);
        CheckReachesCheckpoint();
        return Finish();
    }

    private SegmentWalker WalkerOf(LogSegment segment)
    {
        if (!_walkers.TryGetValue(segment, out var walker))
        {
            _walkers.Add(segment, walker = new SegmentWalker(segment));
        }

        return walker;
    }

    /// <summary>The checkpoint's segment; the one before it if that one holds no batch yet, for the last sequence is there.</summary>
    private int FirstIndex()
    {
        if (checkpoint.IsNone)
        {
            return 0;
        }

        var index = Array.FindIndex(_segments, segment => segment.Number >= checkpoint.Segment);
        index = index < 0 ? _segments.Length : index;
        while (index > 0 && (index == _segments.Length || WalkerOf(_segments[index]).First() is null))
        {
            index--;
        }

        return index;
    }

    /// <returns>False if the log ends in this segment with a torn batch.</returns>
    private bool ScanSegment(int index)
    {
        var segment = _segments[index];
        if (!segment.IsLegible)
        {
            return true;
        }

        segment.FirstTimestampMs = 0;
        segment.LastTimestampMs = _highestTimestampMs;
        segment.End = SegmentHeader.Block;
        var limit = LimitOf(index);
        var walker = WalkerOf(segment);
        var offset = (long)SegmentHeader.Block;
        while (walker.Next(offset, limit) is { } batch)
        {
            Chain(segment, batch);
            if (!TakeBatch(index, batch))
            {
                return false;
            }

            offset = batch.End;
        }

        return true;
    }

    /// <summary>Where a segment's content ends for good: where the first batch after it says that it follows.</summary>
    private long LimitOf(int index)
    {
        for (var later = index + 1; later < _segments.Length; later++)
        {
            if (WalkerOf(_segments[later]).First() is { } first)
            {
                return first.SyncedTo.Segment == _segments[index].Number ? first.SyncedTo.Offset : long.MaxValue;
            }
        }

        return long.MaxValue;
    }

    private bool HasLater(int index, long offset)
    {
        if (WalkerOf(_segments[index]).Next(offset) is not null)
        {
            return true;
        }

        for (var later = index + 1; later < _segments.Length; later++)
        {
            if (WalkerOf(_segments[later]).Next(SegmentHeader.Block) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Checks that nothing is missing between the last batch and this one; what is missing was synced, so it is damage.</summary>
    private void Chain(LogSegment segment, in BatchHeader batch)
    {
        var start = new LogPosition(segment.Number, SegmentHeader.Block);
        var expected = _end.IsNone ? start : _end;
        if (_end.IsNone && batch.Position == start)
        {
            _lastSequence = batch.PreviousSequence;
        }
        else if (batch.SyncedTo > expected && batch.Position > checkpoint)
        {
            Missing(expected, batch);
        }

        _sequenceKnown = true;
    }

    private void Missing(LogPosition from, in BatchHeader batch)
    {
        var before = _records;
        var last = batch.PreviousSequence;
        ulong? count = _sequenceKnown || from.Offset == SegmentHeader.Block && from.Segment <= 1 ? last - _lastSequence : null;
        var attributed = 0UL;
        for (var number = from.Segment; ; number++)
        {
            if (folder[number] is { } segment)
            {
                var start = number == from.Segment ? from.Offset : SegmentHeader.Block;
                var end = number == batch.Position.Segment ? batch.Position.Offset
                    : number == batch.SyncedTo.Segment ? batch.SyncedTo.Offset
                    : segment.File.Length;
                attributed += Salvage(segment, start, end, last);
            }

            if (number == batch.Position.Segment)
            {
                break;
            }
        }

        var whole = from.Segment != batch.Position.Segment && batch.SyncedTo.Segment != from.Segment;
        var path = folder.PathOf(whole && folder[from.Segment + 1] is null or { IsLegible: false } ? from.Segment + 1 : from.Segment);
        var offset = path == folder.PathOf(from.Segment) ? from.Offset : 0L;
        var found = (ulong)(_records - before) + attributed;
        if (count == found)
        {
            _damage.Add(path, offset, null, "a batch's header is illegible; its records were found", false);
        }
        else
        {
            _damage.AddUnknown(path, offset, from, batch.Position, count - found, $"records before {batch.Position} are missing or illegible");
        }
    }

    /// <returns>False if the batch is the torn end of the log.</returns>
    private bool TakeBatch(int index, in BatchHeader batch)
    {
        var segment = _segments[index];
        var end = new LogPosition(segment.Number, (uint)batch.End);
        if (end > checkpoint || checkpoint.IsNone)
        {
            var body = ReadBody(segment, batch);
            if (body is { } complete && XxHash3.HashToUInt64(complete.Span, (long)segment.Salt) == batch.BodyChecksum)
            {
                DeliverAll(segment, batch, complete);
            }
            else if (!HasLater(index, batch.End))
            {
                return false;
            }
            else
            {
                DeliverLegible(segment, batch);
            }
        }

        _highestTimestampMs = Math.Max(_highestTimestampMs, Math.Max(batch.HighestTimestampMs, batch.FirstTimestampMs));
        if (batch.Records > 0 && segment.FirstTimestampMs == 0)
        {
            segment.FirstTimestampMs = batch.FirstTimestampMs;
        }

        if (batch.Records > 0)
        {
            segment.NoteRecords(batch.FirstSequence, batch.LastSequence);
        }

        segment.LastTimestampMs = _highestTimestampMs;
        segment.End = batch.End;
        _lastSequence = batch.LastSequence;
        _end = end;
        _lastBatchEnd = end;
        _unmarked = batch.Records > 0;
        return true;
    }

    private ReadOnlyMemory<byte>? ReadBody(LogSegment segment, in BatchHeader batch) =>
        ReadRange(segment, batch.Position.Offset + BatchHeader.Size, batch.BodyBytes);

    private ReadOnlyMemory<byte>? ReadRange(LogSegment segment, long offset, long bytes)
    {
        if (offset + bytes > segment.File.Length)
        {
            return null;
        }

        if (_body.Length < bytes)
        {
            _body = GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, Math.Max(bytes, 2L * _body.Length)));
        }

        return segment.File.Read(_body.AsSpan(0, (int)bytes), offset) == bytes ? _body.AsMemory(0, (int)bytes) : null;
    }

    private void DeliverAll(LogSegment segment, in BatchHeader batch, ReadOnlyMemory<byte> body)
    {
        var at = 0;
        for (var i = 0; i < batch.Records; i++)
        {
            var offset = (uint)(batch.Position.Offset + BatchHeader.Size + at);
            if (!RecordHeader.TryRead(body.Span[at..], segment.Salt, offset, out var record) || record.TotalBytes > body.Length - at)
            {
                throw new StorageDamagedException(segment.Path, offset, "a batch matches its checksum, but a record in it does not");
            }

            Deliver(record, new LogPosition(segment.Number, offset), body.Slice(at + record.HeaderBytes, record.PayloadBytes));
            at += record.TotalBytes;
        }
    }

    private void DeliverLegible(LogSegment segment, in BatchHeader batch)
    {
        var before = _records;
        var start = batch.Position.Offset + BatchHeader.Size;
        _lastSequence = batch.FirstSequence - 1;
        var attributed = Salvage(segment, start, start + batch.BodyBytes, batch.LastSequence);
        var missing = (ulong)batch.Records - (ulong)(_records - before) - attributed;
        var end = new LogPosition(segment.Number, (uint)batch.End);
        if (missing > 0)
        {
            _damage.AddUnknown(segment.Path, batch.Position.Offset, batch.Position, end, missing, $"{missing} of {batch.Records} records of a batch are illegible");
        }
        else if (attributed == 0)
        {
            _damage.Add(segment.Path, batch.Position.Offset, null, "a batch does not match its checksum; its records were found", false);
        }
    }

    /// <summary>
    /// Looks for records by themselves, in ascending order up to sequence <paramref name="last"/>, and hands on those
    /// that match their checksums.
    /// </summary>
    /// <returns>How many had a legible header, but not a payload that matches: these are reported with their object.</returns>
    private ulong Salvage(LogSegment segment, long from, long to, ulong last)
    {
        var attributed = 0UL;
        if (!segment.IsLegible)
        {
            return attributed;
        }

        to = Math.Min(to, segment.File.Length);
        var window = new byte[1 << 16];
        var read = 0;
        var windowAt = from;
        for (var at = from; at + RecordHeader.Fixed <= to && _lastSequence < last;)
        {
            if (read == 0 || (at + RecordHeader.SizeMax > windowAt + read && windowAt + read < to))
            {
                windowAt = at;
                read = segment.File.Read(window.AsSpan(0, (int)Math.Min(window.Length, to - at)), at);
            }

            if (!RecordHeader.TryRead(window.AsSpan((int)(at - windowAt), (int)(windowAt + read - at)), segment.Salt, (uint)at, out var record)
                || record.Sequence <= _lastSequence
                || record.Sequence > last)
            {
                at += 8;
                continue;
            }

            _lastSequence = record.Sequence;
            var position = new LogPosition(segment.Number, (uint)at);
            var payload = ReadRange(segment, at + record.HeaderBytes, record.PayloadBytes);
            if (payload is { } complete && record.Matches(complete.Span, segment.Salt))
            {
                Deliver(record, position, complete);
            }
            else
            {
                attributed++;
                _damage.Saw(record.Record);
                _damage.Add(segment.Path, at, record.Record.Key, $"transaction {record.Record.Txid} of {record.Record.Key} does not match its checksum", true);
            }

            at += record.TotalBytes;
        }

        return attributed;
    }

    private void Deliver(in RecordHeader record, LogPosition position, ReadOnlyMemory<byte> payload)
    {
        _records++;
        _highestTimestampMs = Math.Max(_highestTimestampMs, record.Record.TimestampMs);
        _damage.Saw(record.Record);
        if (position >= checkpoint)
        {
            replay(new LogEntry(record.Record, position, payload));
        }
    }

    /// <summary>Segments before the checkpoint are not read; their neighbours tell their times.</summary>
    private void NoteUnscanned(int first)
    {
        for (var index = 0; index < first && index < _segments.Length; index++)
        {
            var segment = _segments[index];
            segment.FirstTimestampMs = WalkerOf(segment).First()?.FirstTimestampMs ?? 0;
            segment.LastTimestampMs = WalkerOf(_segments[index + 1]).First()?.HighestTimestampMs ?? _highestTimestampMs;
        }
    }

    private void CheckReachesCheckpoint()
    {
        var expected = _lastBatchEnd.IsNone
            ? new LogPosition(_segments.Length > 0 ? _segments[0].Number : 1, SegmentHeader.Block)
            : _lastBatchEnd;
        if (checkpoint > expected)
        {
            _damage.Add(folder.PathOf(checkpoint.Segment), checkpoint.Offset, null, $"the log ends at {expected}, before its checkpoint {checkpoint}", true);
        }
    }

    /// <summary>Cuts the tail, and sorts the segments behind it into what is used, prepared, or left over.</summary>
    private LogScanResult Finish()
    {
        var current = _lastBatchEnd.IsNone ? Array.Find(_segments, segment => segment.IsLegible) : folder[_lastBatchEnd.Segment];
        LogSegment? next = null;
        if (current is not null)
        {
            Cut(current);
        }

        foreach (var segment in _segments)
        {
            if (current is not null && segment.Number <= current.Number && segment.IsLegible)
            {
                continue;
            }

            if (segment.IsLegible)
            {
                next = LeftOver(segment, current, next);
            }
            else
            {
                Illegible(segment, ref current);
            }
        }

        var end = !_lastBatchEnd.IsNone ? _lastBatchEnd
            : new LogPosition(current?.Number ?? (_segments is [.., var last] ? last.Number + 1 : 1), SegmentHeader.Block);
        foreach (var segment in _segments)
        {
            if (segment != current)
            {
                segment.Close();
            }
        }

        return new LogScanResult(
            end, current, current is null ? null : next, _lastSequence, _highestTimestampMs, _unmarked, _records, _damage.Finish());
    }

    private void Cut(LogSegment segment)
    {
        if (segment.ClearFrom(segment.End))
        {
            NodeLogMessages.TailCut(logger, segment.Path, segment.End);
        }
    }

    /// <summary>A segment after the end holds nothing: the first is kept as the next one, if it follows directly and is clean.</summary>
    private LogSegment? LeftOver(LogSegment segment, LogSegment? current, LogSegment? next)
    {
        segment.End = SegmentHeader.Block;
        if (current is not null && next is null && segment.Number == current.Number + 1)
        {
            Cut(segment);
            folder.Detach(segment);
            return segment;
        }

        folder.Remove(other => other == segment);
        return next;
    }

    /// <summary>Without its header a segment cannot be read. One that never held anything is removed; any other is damage.</summary>
    private void Illegible(LogSegment segment, ref LogSegment? current)
    {
        var held = false;
        var buffer = new byte[1 << 20];
        int read;
        for (var offset = (long)SegmentHeader.Block; !held && (read = segment.File.Read(buffer, offset)) > 0; offset += read)
        {
            held = buffer.AsSpan(0, read).ContainsAnyExcept((byte)0);
        }

        if (held && segment.Number < checkpoint.Segment)
        {
            // History alone; whoever reads it is told then.
            return;
        }

        if (held)
        {
            _damage.Add(segment.Path, 0, null, "both copies of the segment's header are illegible, and so are its records", true);
            current = current?.Number < segment.Number ? null : current;
        }
        else if (_lastBatchEnd.Segment < segment.Number)
        {
            folder.Remove(other => other == segment);
        }
    }
}
