using Skerry.Storage.Buckets;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>Reads snapshots in the bucket.</summary>
internal static class SnapshotFile
{
    // The most that a reader takes of its source at once, while it reads pages.
    private const int PieceBytes = 128 << 10;

    // An entry of the page index: three varints, of a 4-byte number, an offset below 2^42 and a frame's length.
    private const int IndexBytesPerPage = 14;

    /// <summary>A page of a snapshot.</summary>
    public delegate void PageAction(uint page, ReadOnlySpan<byte> content);

    /// <summary>What a snapshot says of its state, without reading its pages.</summary>
    public static async Task<PageState> StateAsync(IBucket bucket, SnapshotObject snapshot, CancellationToken cancel)
    {
        var header = await HeaderAsync(bucket, snapshot, cancel);
        var tail = await bucket.GetRangeAsync(snapshot.Key, -LtxTrailer.Size, LtxTrailer.Size, cancel) ?? throw Gone(snapshot);
        return tail.Length == LtxTrailer.Size
            ? State(snapshot, header, LtxTrailer.Parse(tail.Span))
            : throw new StorageDamagedException(snapshot.Key, 0, "the file has no trailer");
    }

    /// <summary>When the last transaction in a snapshot was committed, Unix milliseconds.</summary>
    public static async Task<long> TimeAsync(IBucket bucket, SnapshotObject snapshot, CancellationToken cancel) =>
        (await HeaderAsync(bucket, snapshot, cancel)).TimestampMs;

    private static async Task<LtxHeader> HeaderAsync(IBucket bucket, SnapshotObject snapshot, CancellationToken cancel)
    {
        var head = await bucket.GetRangeAsync(snapshot.Key, 0, LtxHeader.Size, cancel) ?? throw Gone(snapshot);
        var header = LtxHeader.Parse(snapshot.Key, head.Span);
        CheckHeader(snapshot, header);
        return header;
    }

    private static StorageException Gone(SnapshotObject snapshot) =>
        new($"{snapshot.Key} is not in the bucket any more. If the object is in use elsewhere, try again.");

    /// <summary>Reads a snapshot from front to back and proves it whole. What was handed out before the end counts only then.</summary>
    /// <exception cref="StorageDamagedException">It is damaged.</exception>
    public static async Task<PageState> ReadAsync(IBucket bucket, SnapshotObject snapshot, PageAction page, CancellationToken cancel)
    {
        await using var source = new AheadStream(bucket, snapshot.Key, 0, snapshot.Bytes, cancel);
        await source.EnsureAsync(PieceBytes);
        var reader = new LtxReader(snapshot.Key, source);
        CheckHeader(snapshot, reader.Header);
        var content = new byte[IPageFile.PageSize];
        for (var pages = 1L; ; pages++)
        {
            // The last call reads the index and the trailer, too.
            await source.EnsureAsync(PieceBytes + (pages * IndexBytesPerPage));
            if (!reader.ReadPage(content, out var number))
            {
                return State(snapshot, reader.Header, reader.Trailer);
            }

            page(number, content);
        }
    }

    private static void CheckHeader(SnapshotObject snapshot, in LtxHeader header)
    {
        if (!header.IsSnapshot || header.MaxTxid != snapshot.Txid || header.PageSize != IPageFile.PageSize || !header.HasChecksums)
        {
            throw new StorageDamagedException(snapshot.Key, 0, $"it holds transactions {header.MinTxid} to {header.MaxTxid} in pages of {header.PageSize} bytes, which its name does not say");
        }

        // Room is made for what the header says before anything proves it. The lock page has no frame.
        if (header.Commit > (snapshot.Bytes / LtxFrame.HeaderSize) + 1)
        {
            throw new StorageDamagedException(snapshot.Key, 0, $"its {snapshot.Bytes} bytes cannot hold the {header.Commit} pages that it says it has");
        }
    }

    private static PageState State(SnapshotObject snapshot, in LtxHeader header, in LtxTrailer trailer) =>
        new(snapshot.Txid, snapshot.Epoch, header.Commit, trailer.PostApplyChecksum, header.TimestampMs, snapshot.AlarmMs);
}
