using System.IO.Hashing;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>Reads batches by their records' numbers, while the writer appends.</summary>
internal static class LogTail
{
    /// <summary>The segment that holds the record, or that will; null if none does.</summary>
    public static LogSegment? SegmentOf(SegmentFolder folder, ulong sequence)
    {
        var segments = folder.Segments;
        for (var i = segments.Length - 1; i >= 0; i--)
        {
            if (FirstSequenceOf(segments[i]) is var first && (first != 0 && first <= sequence))
            {
                return segments[i];
            }
        }

        return segments is [var oldest, ..] ? oldest : null;
    }

    public static IEnumerable<Frame> ReadFrames(SegmentFolder folder, ulong from, LogPosition end, bool reuse)
    {
        var buffer = Array.Empty<byte>();
        var next = from;
        for (var segment = SegmentOf(folder, from); segment is not null && segment.Number <= end.Segment; segment = Following(folder, segment.Number))
        {
            using var file = Open(folder, segment, next);
            var limit = segment.Number == end.Segment ? end.Offset : segment.End;
            var walker = new SegmentWalker(segment, file);
            for (var batch = walker.First(); batch is { } at && at.End <= limit; batch = walker.Next(at.End, limit))
            {
                if (at.Records == 0 || at.LastSequence < next)
                {
                    continue;
                }

                if (at.PreviousSequence >= next)
                {
                    throw new StorageException($"The log does not retain record {next} any more; {segment.Path} has {at.FirstSequence} and those after it.");
                }

                if (!reuse || buffer.Length < at.BodyBytes)
                {
                    buffer = GC.AllocateUninitializedArray<byte>(at.BodyBytes);
                }

                var offset = at.Position.Offset + (uint)BatchHeader.Size;
                var body = buffer.AsMemory(0, at.BodyBytes);
                if (Read(file, segment, body.Span, offset) != at.BodyBytes || XxHash3.HashToUInt64(body.Span, (long)segment.Salt) != at.BodyChecksum)
                {
                    throw new StorageDamagedException(segment.Path, at.Position.Offset, $"the batch of records {at.FirstSequence}–{at.LastSequence} does not match its checksum");
                }

                next = at.LastSequence + 1;
                yield return new Frame(at.FirstSequence, at.LastSequence, segment.Salt, segment.Number, offset, body);
            }
        }
    }

    private static ulong FirstSequenceOf(LogSegment segment)
    {
        if (segment.FirstSequence == 0 && segment.LastSequence == 0 && segment.IsLegible && segment.End > SegmentHeader.Block)
        {
            // A segment that was not read at the start: its first batch tells.
            return new SegmentWalker(segment).First()?.FirstSequence ?? 0;
        }

        return segment.FirstSequence;
    }

    private static LogSegment? Following(SegmentFolder folder, uint number) => Array.Find(folder.Segments, segment => segment.Number > number);

    private static LogFile Open(SegmentFolder folder, LogSegment segment, ulong next)
    {
        try
        {
            return folder.OpenAgain(segment);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Record {next} of the log cannot be read: {error.Message}", error);
        }
    }

    private static int Read(LogFile file, LogSegment segment, Span<byte> into, long offset)
    {
        try
        {
            return file.Read(into, offset);
        }
        catch (IOException error)
        {
            throw new StorageException($"{segment.Path} cannot be read at byte {offset}: {error.Message}. Check the disk.", error);
        }
    }
}
