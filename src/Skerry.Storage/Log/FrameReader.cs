using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// Reads the records of a frame. Each has to match its own checksums, to stand at the place for which it was written, and
/// to follow the one before it: a frame is whole, or it is damaged.
/// </summary>
public static class FrameReader
{
    /// <summary>The records, in order; their payloads are parts of the frame's body.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="source">Where it comes from, for errors.</param>
    /// <exception cref="StorageDamagedException">A record does not match its checksum, or is missing; nothing after it was handed out.</exception>
    public static IEnumerable<ArchivedRecord> Read(Frame frame, string? source = null)
    {
        var at = 0;
        for (var sequence = frame.First; ; sequence++)
        {
            var record = Next(frame, at, sequence, source);
            var header = record.Record;
            yield return new ArchivedRecord(
                header.Key, header.Epoch, header.Txid, sequence, header.AlarmMs, header.TimestampMs, frame.Body.Slice(at + record.HeaderBytes, record.PayloadBytes));
            at += record.TotalBytes;
            if (sequence == frame.Last)
            {
                break;
            }
        }

        CheckEnd(frame, at, source);
    }

    /// <summary>Checks everything that <see cref="Read"/> checks.</summary>
    /// <exception cref="StorageDamagedException">As of <see cref="Read"/>.</exception>
    public static void Verify(in Frame frame)
    {
        var at = 0;
        for (var sequence = frame.First; ; sequence++)
        {
            at += Next(frame, at, sequence, null).TotalBytes;
            if (sequence == frame.Last)
            {
                break;
            }
        }

        CheckEnd(frame, at, null);
    }

    private static RecordHeader Next(in Frame frame, int at, ulong sequence, string? source)
    {
        if (frame.First == 0 || frame.Last < frame.First)
        {
            throw Damaged(frame, at, source, $"a frame cannot hold records {frame.First}–{frame.Last}");
        }

        var body = frame.Body.Span;
        if (at >= body.Length || !RecordHeader.TryRead(body[at..], frame.Salt, frame.Offset + (uint)at, out var record))
        {
            throw Damaged(frame, at, source, $"there is no legible record {sequence}");
        }

        if (record.Sequence != sequence || record.TotalBytes > body.Length - at)
        {
            throw Damaged(frame, at, source, $"record {sequence} is cut short, or another one");
        }

        return record.Matches(body.Slice(at + record.HeaderBytes, record.PayloadBytes), frame.Salt)
            ? record
            : throw Damaged(frame, at, source, $"transaction {record.Record.Txid} of {record.Record.Key} does not match its checksum");
    }

    private static void CheckEnd(in Frame frame, int at, string? source)
    {
        if (at != frame.Body.Length)
        {
            throw Damaged(frame, at, source, $"there is something after record {frame.Last}");
        }
    }

    private static StorageDamagedException Damaged(in Frame frame, int at, string? source, string what) =>
        new($"frame {frame.First}–{frame.Last}{(source is null ? "" : $" from {source}")}", frame.Offset + at, what);
}
