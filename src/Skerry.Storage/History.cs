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
}
