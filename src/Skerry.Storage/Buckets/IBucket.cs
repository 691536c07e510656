namespace Skerry.Storage.Buckets;

/// <summary>
/// Where truth is kept: named, immutable-when-named-once blobs with compare-and-swap. Thread-safe. Every member may throw
/// <see cref="BucketException"/>; implementations retry what may pass by itself within their time limits first.
/// </summary>
/// <remarks>
/// Keys are 1 to 900 bytes of <c>a-z A-Z 0-9 - _ . /</c>, without empty, <c>.</c> or <c>..</c> segments. What was
/// written is seen by every later read and list (strong consistency).
/// </remarks>
public interface IBucket
{
    /// <summary>What it is and where, for people.</summary>
    string Description { get; }

    /// <summary>The whole content; null if there is no such key.</summary>
    Task<BucketObject?> GetAsync(string key, CancellationToken cancel);

    /// <summary>
    /// Part of the content; null if there is no such key. A negative <paramref name="offset"/> counts from the end:
    /// the last <c>-offset</c> bytes. What lies beyond the content is left out.
    /// </summary>
    Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel);

    /// <summary>Opens the content for reading from the start; null if there is no such key. For what is too large for memory.</summary>
    Task<Stream?> OpenReadAsync(string key, CancellationToken cancel);

    /// <summary>Stores a content, durably before it returns. All or nothing is seen of it.</summary>
    /// <exception cref="BucketException">With <see cref="BucketFault.OutcomeUnknown"/>: it may or may not have happened; read it back.</exception>
    Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel);

    /// <summary>Stores what a seekable stream holds from its position to its end; in parts if it is large. As <see cref="PutAsync"/>, unconditionally.</summary>
    Task PutStreamAsync(string key, Stream content, CancellationToken cancel);

    /// <summary>Keys that start with <paramref name="prefix"/> and are greater than <paramref name="after"/>, ascending by byte.</summary>
    IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel);

    /// <summary>Removes keys; those that are not there do not matter.</summary>
    Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel);
}
