using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;

namespace Skerry.Storage;

/// <summary>
/// Point-in-time reads of a node's databases. Alone, a node has its log for that; with a bucket, the bucket. Thread-safe.
/// </summary>
public abstract class History
{
    /// <summary>The newest state at or before a time, Unix milliseconds; transaction 0, empty, before the first.</summary>
    /// <exception cref="PastNotRetainedException">The time lies before what is retained.</exception>
    public abstract Task<PageState> FindByTimeAsync(PageStore store, long timeMs, CancellationToken cancel);

    /// <summary>Checks that a confirmed transaction can still be restored; reads no pages.</summary>
    /// <exception cref="PastNotRetainedException">It is not retained any more.</exception>
    public abstract Task CheckRetainedAsync(PageStore store, ulong transaction, CancellationToken cancel);

    /// <summary>Reads the state after a confirmed transaction, and verifies it.</summary>
    /// <exception cref="PastNotRetainedException">It is not retained any more.</exception>
    /// <exception cref="StorageException">The transaction does not exist.</exception>
    /// <exception cref="StorageDamagedException">What is retained does not add up to the transaction's checksum.</exception>
    public abstract Task<PastState> ReadAsync(PageStore store, ulong transaction, CancellationToken cancel);

    /// <summary>True if an object has ever written, wherever it is; asks without bringing it anywhere.</summary>
    /// <param name="storage">This node's databases.</param>
    /// <param name="key">The object.</param>
    /// <param name="cancel">Ends it.</param>
    public virtual Task<bool> ExistsAsync(NodeStorage storage, ObjectKey key, CancellationToken cancel) => Task.FromResult(storage.Exists(key));

    /// <summary>States that can be restored, newest first.</summary>
    /// <param name="store">The database.</param>
    /// <param name="before">Only transactions before this one.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancel">Ends it.</param>
    public abstract Task<IReadOnlyList<PastVersion>> VersionsAsync(PageStore store, ulong before, int limit, CancellationToken cancel);

    /// <summary>Reads everything that is kept of a database, and compares every checksum.</summary>
    public abstract Task<HistoryProof> ProveAsync(PageStore store, CancellationToken cancel);

    /// <summary>Writes the state after a confirmed transaction as a plain SQLite file, which is there whole or not at all.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public virtual async Task<PageState> ExportAsync(PageStore store, ulong transaction, string path, CancellationToken cancel)
    {
        var past = await ReadAsync(store, transaction, cancel).ConfigureAwait(false);
        using var sink = new DatabaseFileSink(path);
        sink.Begin(past.State);
        foreach (var (page, content) in past.Pages)
        {
            sink.Write(page, content, LtxChecksum.OfPage(page, content));
        }

        sink.Complete();
        return past.State;
    }
}
