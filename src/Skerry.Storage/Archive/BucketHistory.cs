using Skerry.Storage.Buckets;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>Point-in-time reads of a node whose objects' history is in a bucket. What is not there yet is uploaded first.</summary>
/// <param name="bucket">The bucket.</param>
/// <param name="bundles">What this session's bundles hold.</param>
/// <param name="flush">Puts everything that is confirmed into the bucket; in bundles it is as good as in an object's own files.</param>
internal sealed class BucketHistory(IBucket bucket, SessionBundles bundles, Func<CancellationToken, Task> flush) : History
{
    /// <inheritdoc/>
    public override async Task<PageState> FindByTimeAsync(PageStore store, long timeMs, CancellationToken cancel)
    {
        if (store.State is { Transaction: > 0 } newest && newest.TimestampMs <= timeMs)
        {
            return newest;
        }

        return await (await OpenAsync(store.Key, cancel)).FindByTimeAsync(timeMs, cancel);
    }

    /// <inheritdoc/>
    public override async Task CheckRetainedAsync(PageStore store, ulong transaction, CancellationToken cancel)
    {
        if (transaction < store.Confirmed.Transaction)
        {
            await (await OpenAsync(store.Key, cancel)).CheckRetainedAsync(transaction, cancel);
        }
    }

    /// <inheritdoc/>
    public override async Task<PastState> ReadAsync(PageStore store, ulong transaction, CancellationToken cancel)
    {
        var pages = new PageCollector();
        var state = await (await OpenAsync(store.Key, cancel)).RestoreAsync(transaction, pages, cancel);
        return new PastState(state, pages.Pages);
    }

    /// <summary>An object that has never written has no owner.</summary>
    public override async Task<bool> ExistsAsync(NodeStorage storage, ObjectKey key, CancellationToken cancel) =>
        storage.Exists(key) || await bucket.GetAsync(BucketKeys.Owner(key), cancel) is not null;

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<PastVersion>> VersionsAsync(PageStore store, ulong before, int limit, CancellationToken cancel)
    {
        var versions = await (await OpenAsync(store.Key, cancel)).VersionsAsync(cancel);
        return
        [
            .. versions.Reverse().Where(one => one.Txid < before).Take(limit)
                .Select(static one => new PastVersion(one.Txid, one.TimestampMs, one.Bytes, one.File)),
        ];
    }

    /// <inheritdoc/>
    public override async Task<HistoryProof> ProveAsync(PageStore store, CancellationToken cancel)
    {
        await flush(cancel);
        var report = await ArchiveVerifier.VerifyAsync(bucket, store.Key, bundles.Session, cancel);
        return new(
            report.Newest,
            report.Records + report.Snapshots,
            report.Bytes,
            [.. report.Damage.Select(static one => new StorageDamagedException(one.File, one.Offset, one.What).Message)]);
    }

    /// <inheritdoc/>
    public override async Task<PageState> ExportAsync(PageStore store, ulong transaction, string path, CancellationToken cancel) =>
        await (await OpenAsync(store.Key, cancel)).ExportAsync(transaction, path, cancel);

    private async Task<ObjectArchive> OpenAsync(ObjectKey key, CancellationToken cancel)
    {
        await flush(cancel);
        return await ObjectArchive.OpenAsync(bucket, key, bundles, cancel);
    }

    private sealed class PageCollector : IPageSink
    {
        public SortedDictionary<uint, byte[]> Pages { get; } = [];

        public void Begin(in PageState state)
        {
        }

        public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum) => Pages.Add(page, content[..IPageFile.PageSize].ToArray());
    }
}
