namespace Skerry.Storage.Log;

/// <summary>Lists the records of one segment by their headers, for those who decide whether it is still needed.</summary>
internal static class SegmentHeaders
{
    public static IEnumerable<(LogRecordHeader Header, LogPosition Position)> Read(LogSegment segment, LogFile file, long end)
    {
        var walker = new SegmentWalker(segment);
        var head = new byte[RecordHeader.SizeMax];
        for (var batch = walker.First(); batch is { } at && at.Position.Offset < end; batch = walker.Next(at.End, end))
        {
            var offset = at.Position.Offset + (uint)BatchHeader.Size;
            for (var i = 0; i < at.Records; i++)
            {
                var read = file.Read(head, offset);
                if (!RecordHeader.TryRead(head.AsSpan(0, read), segment.Salt, offset, out var record))
                {
                    throw new StorageDamagedException(segment.Path, offset, "there is no legible record");
                }

                yield return (record.Record, new LogPosition(segment.Number, offset));
                offset += (uint)record.TotalBytes;
            }
        }
    }
}
