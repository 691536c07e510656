namespace Skerry.Storage.Log;

/// <summary>Reads single records, verified, while the writer appends.</summary>
internal static class RecordReader
{
    public static LogEntry Read(SegmentFolder folder, LogPosition position)
    {
        var segment = folder[position.Segment] ?? throw Removed(folder, position);
        try
        {
            if (folder.KeepsOpen(segment))
            {
                try
                {
                    return Read(segment, segment.File, position);
                }
                catch (ObjectDisposedException)
                {
                    // The file was closed between the look-up and the read, because it grew old or was removed; a
                    // handle of its own settles which.
                }
            }

            using var file = folder.OpenAgain(segment);
            return Read(segment, file, position);
        }
        catch (Exception error) when (error is FileNotFoundException || (error is StorageDamagedException && folder[position.Segment] is null))
        {
            // Removed meanwhile, and perhaps written over by a newer segment.
            throw Removed(folder, position);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{segment.Path} cannot be read at byte {position.Offset}: {error.Message}. Check the disk.", error);
        }
    }

    private static LogEntry Read(LogSegment segment, LogFile file, LogPosition position)
    {
        Span<byte> head = stackalloc byte[RecordHeader.SizeMax];
        head = head[..file.Read(head, position.Offset)];
        if (!segment.IsLegible || !RecordHeader.TryRead(head, segment.Salt, position.Offset, out var record))
        {
            throw new StorageDamagedException(segment.Path, position.Offset, "there is no legible record");
        }

        if (position.Offset + (long)record.TotalBytes > Math.Max(file.Length, segment.End))
        {
            throw new StorageDamagedException(segment.Path, position.Offset, $"transaction {record.Record.Txid} of {record.Record.Key} is cut short");
        }

        var payload = GC.AllocateUninitializedArray<byte>(record.PayloadBytes);
        var read = file.Read(payload, position.Offset + record.HeaderBytes);
        if (read != payload.Length || !record.Matches(payload, segment.Salt))
        {
            throw new StorageDamagedException(segment.Path, position.Offset, $"transaction {record.Record.Txid} of {record.Record.Key} does not match its checksum");
        }

        return new LogEntry(record.Record, position, payload);
    }

    private static StorageException Removed(SegmentFolder folder, LogPosition position) =>
        new($"The log's record at {position} is no longer retained: {folder.PathOf(position.Segment)} was removed.");
}
