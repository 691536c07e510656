using System.Buffers;
using System.IO.Hashing;
using Skerry.Storage.Buckets;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Archive;

/// <summary>
/// Files of transactions that belong to one object (<see cref="BucketKeys.Log"/>) or to many (<see cref="BucketKeys.Bundle"/>):
/// LTX files of single transactions one after the other, then the index (<see cref="BatchIndexCodec"/>), then the footer
/// (<see cref="BatchFooter"/>). Transactions stay apart, because each of them can be restored. One object's transactions
/// are neighbours, so that they can be read at once.
/// </summary>
/// <remarks>
/// A file without transactions is the footer alone. As a bundle it says that everything up to its last sequence is in
/// the bucket, if it is in files of its own.
/// </remarks>
public static class BatchFile
{
    private const int FirstGuessBytes = 64 * 1024;

    // Of a small file not much more is read than its index is likely to take.
    private const int FirstGuessBytesMin = 4 * 1024;

    /// <summary>Makes a file of records in any order.</summary>
    /// <param name="records">The records; no two of one object, epoch and transaction.</param>
    /// <exception cref="ArgumentException">A record's LTX file is not one of its transaction alone.</exception>
    public static byte[] Write(IReadOnlyList<ArchivedRecord> records)
    {
        using var content = Open(records);
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)content.Length));
        content.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>As <see cref="Write"/>, as a seekable stream over the records' own memory: for files too large to hold twice.</summary>
    /// <inheritdoc cref="Write"/>
    public static Stream Open(IReadOnlyList<ArchivedRecord> records) => Open(records, out _);

    /// <summary>As <see cref="Open(IReadOnlyList{ArchivedRecord})"/>, with what its index says.</summary>
    /// <inheritdoc cref="Write"/>
    internal static Stream Open(IReadOnlyList<ArchivedRecord> records, out BatchEntry[] entries)
    {
        var ordered = InOrder(records);
        entries = new BatchEntry[ordered.Length];
        var pieces = new List<ReadOnlyMemory<byte>>(ordered.Length + 1);
        var offset = 0L;
        for (var i = 0; i < ordered.Length; i++)
        {
            entries[i] = EntryOf(ordered[i], offset);
            pieces.Add(ordered[i].Ltx);
            offset += ordered[i].Ltx.Length;
        }

        var tail = new ArrayBufferWriter<byte>(256);
        BatchIndexCodec.Write(tail, entries);
        var footer = new BatchFooter(offset, tail.WrittenCount, entries.Length, XxHash3.HashToUInt64(tail.WrittenSpan));
        footer.Write(tail.GetSpan(BatchFooter.Size)[..BatchFooter.Size]);
        tail.Advance(BatchFooter.Size);
        pieces.Add(tail.WrittenMemory);
        return new PiecesStream(pieces);
    }

    /// <summary>Reads what is in a file; null if there is no such key.</summary>
    /// <inheritdoc cref="ReadIndexAsync(IBucket, string, long?, CancellationToken)"/>
    public static Task<BatchIndex?> ReadIndexAsync(IBucket bucket, string key, CancellationToken cancel) =>
        ReadIndexAsync(bucket, key, null, cancel);

    /// <summary>Reads what is in a file: one range from its end, and another if the index is large.</summary>
    /// <param name="bucket">Where the file is.</param>
    /// <param name="key">Its key.</param>
    /// <param name="fileBytes">Its length, if a list has told it; a file that is cut short is then found to be so.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Null if there is no such key.</returns>
    /// <exception cref="StorageDamagedException">The file is damaged, or no batch file.</exception>
    public static async Task<BatchIndex?> ReadIndexAsync(IBucket bucket, string key, long? fileBytes, CancellationToken cancel)
    {
        var guess = fileBytes is { } listed ? (int)Math.Clamp(listed / 8, FirstGuessBytesMin, FirstGuessBytes) : FirstGuessBytes;
        if (await bucket.GetRangeAsync(key, -guess, guess, cancel) is not { } tail)
        {
            return null;
        }

        // A short answer is the whole file.
        var footer = BatchFooter.Parse(key, tail.Span, tail.Length < guess ? tail.Length : fileBytes);
        if (tail.Length < guess && fileBytes is { } known && known != tail.Length)
        {
            throw new StorageDamagedException(key, tail.Length, $"the file has {tail.Length} bytes, not the {known} that the list of keys says");
        }

        var missing = (long)footer.IndexBytes + BatchFooter.Size - tail.Length;
        if (missing <= 0)
        {
            return Index(key, tail[^(footer.IndexBytes + BatchFooter.Size)..^BatchFooter.Size], footer);
        }

        if (await bucket.GetRangeAsync(key, footer.IndexOffset, missing, cancel) is not { } front)
        {
            return null;
        }

        return front.Length == missing
            ? Index(key, (byte[])[.. front.Span, .. tail.Span[..^BatchFooter.Size]], footer)
            : throw new StorageDamagedException(key, footer.IndexOffset + front.Length, "the file ends within its index");
    }

    /// <summary>Reads the index of a file that is in memory.</summary>
    /// <exception cref="StorageDamagedException">The file is damaged, or no batch file.</exception>
    public static BatchIndex ReadIndex(string key, ReadOnlyMemory<byte> file)
    {
        var footer = BatchFooter.Parse(key, file.Span, file.Length);
        return Index(key, file.Slice((int)footer.IndexOffset, footer.IndexBytes), footer);
    }

    private static BatchIndex Index(string key, ReadOnlyMemory<byte> index, in BatchFooter footer) =>
        XxHash3.HashToUInt64(index.Span) == footer.IndexChecksum
            ? new BatchIndex(key, BatchIndexCodec.Parse(key, index.Span, footer), footer.FileBytes)
            : throw new StorageDamagedException(key, footer.IndexOffset, "the index does not match its checksum");

    private static ArchivedRecord[] InOrder(IReadOnlyList<ArchivedRecord> records)
    {
        ArchivedRecord[] ordered = [.. records];
        Array.Sort(ordered, static (a, b) =>
            a.Key == b.Key ? a.Sequence.CompareTo(b.Sequence) is var order && order != 0 ? order : a.Txid.CompareTo(b.Txid)
            : string.CompareOrdinal(a.Key.Namespace, b.Key.Namespace) is var name && name != 0 ? name
            : a.Key.Id.CompareTo(b.Key.Id));
        return ordered;
    }

    private static BatchEntry EntryOf(in ArchivedRecord record, long offset)
    {
        var what = $"transaction {record.Txid} of {record.Key}";
        var header = LtxHeader.Parse(what, record.Ltx.Span);
        if (header.MinTxid != record.Txid || header.MaxTxid != record.Txid || !BucketKeys.IsNamespace(record.Key.Namespace))
        {
            throw new ArgumentException($"The record of {what} holds transactions {header.MinTxid} to {header.MaxTxid}.", nameof(record));
        }

        return new BatchEntry(
            record.Key,
            record.Epoch,
            record.Txid,
            record.Sequence,
            record.AlarmMs,
            record.TimestampMs,
            header.Commit,
            header.PreApplyChecksum,
            LtxTrailer.Parse(record.Ltx.Span[^LtxTrailer.Size..]).PostApplyChecksum,
            offset,
            record.Ltx.Length);
    }
}
