using Skerry.Storage.Archive;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>Reads the records of a frame as they go into the bucket, verified.</summary>
internal static class FrameRecords
{
    /// <summary>Adds a frame's records from a sequence on to a list.</summary>
    /// <exception cref="StorageDamagedException">The frame is damaged, or does not hold the records that it says it holds.</exception>
    public static void Read(in Frame frame, ulong from, string source, List<ArchivedRecord> records)
    {
        var body = frame.Body;
        var offset = frame.Offset;
        var next = frame.First;
        while (body.Length > 0)
        {
            if (!RecordHeader.TryRead(body.Span, frame.Salt, offset, out var header)
                || header.Sequence != next
                || header.TotalBytes > body.Length)
            {
                throw Damaged(source, offset, next, "there is no legible record");
            }

            var ltx = body.Slice(header.HeaderBytes, header.PayloadBytes);
            if (!header.Matches(ltx.Span, frame.Salt))
            {
                throw Damaged(source, offset, next, "the record does not match its checksum");
            }

            if (next >= from)
            {
                var record = header.Record;
                records.Add(new ArchivedRecord(record.Key, record.Epoch, record.Txid, next, record.AlarmMs, record.TimestampMs, ltx));
            }

            body = body[header.TotalBytes..];
            offset += (uint)header.TotalBytes;
            next++;
        }

        if (next != frame.Last + 1)
        {
            throw Damaged(source, offset, next, $"records up to {frame.Last} are missing");
        }
    }

    private static StorageDamagedException Damaged(string source, uint offset, ulong sequence, string what) =>
        new($"frame with record {sequence} from {source}", offset, what);
}
