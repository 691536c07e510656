using Skerry.Storage.Buckets;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>Point-in-time reads of a node whose objects' history is in a bucket. What is not there yet is uploaded first.</summary>
/// <param name="bucket">The bucket.</param>
/// <param name="bundles">What this session's bundles hold.</param>
/// <param name="flush">Puts everything that is confirmed of an object into the bucket.</param>
internal sealed class BucketHistory(IBucket bucket, SessionBundles bundles, Func<ObjectKey, CancellationToken, Task> flush) : History
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

    private async Task<ObjectArchive> OpenAsync(ObjectKey key, CancellationToken cancel)
    {
        await flush(key, cancel);
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
