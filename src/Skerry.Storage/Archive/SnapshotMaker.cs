using Skerry.Storage.Buckets;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>Makes snapshots of what is in the bucket: of the previous snapshot and the log since.</summary>
internal static class SnapshotMaker
{
    // About 10 ms of work, after which others have their turn.
    private const uint PagesAtOnce = 2048;

    /// <summary>
    /// Makes a snapshot of a state and puts it into the bucket. Its pages have been proven to add up to the state's
    /// checksum before anything is put, and it is put whole or not at all.
    /// </summary>
    /// <exception cref="StorageDamagedException">What is in the bucket does not add up to the state; no snapshot was made.</exception>
    public static async Task<SnapshotObject> MakeAsync(IBucket bucket, ObjectArchive archive, ulong txid, string scratch, CancellationToken cancel)
    {
        try
        {
            using var pages = new ScratchPages(scratch);
            var state = await archive.RestoreAsync(txid, pages, cancel);
            using var file = ScratchStream.Open(scratch, LtxEncoder.MaxFileSize(IPageFile.PageSize, (int)state.PageCount));
            await WriteAsync(file, state, pages, cancel);
            var key = BucketKeys.Snapshot(archive.Key, state.Transaction, state.Epoch, state.AlarmMs);
            await BatchUpload.PutAsync(bucket, key, file, cancel);
            return new SnapshotObject(key, state.Transaction, state.Epoch, state.AlarmMs, file.Length);
        }
        catch (IOException e)
        {
            throw new StorageException($"A snapshot of {archive.Key} could not be put together in {scratch}: {e.Message}", e);
        }
    }

    private static async Task WriteAsync(Stream file, PageState state, ScratchPages pages, CancellationToken cancel)
    {
        var header = new LtxHeader
        {
            PageSize = IPageFile.PageSize,
            Commit = state.PageCount,
            MinTxid = 1,
            MaxTxid = state.Transaction,
            TimestampMs = state.TimestampMs,
        };
        var writer = new LtxWriter(file, header);
        var content = new byte[IPageFile.PageSize];
        pages.Rewind();
        for (uint page = 1; page <= state.PageCount; page++)
        {
            if (page % PagesAtOnce == 0)
            {
                await Task.Yield();
                cancel.ThrowIfCancellationRequested();
            }

            pages.Read(content);
            if (page != PageChecksums.LockPage)
            {
                writer.WritePage(page, content);
            }
        }

        writer.End(state.Checksum);
    }
}
