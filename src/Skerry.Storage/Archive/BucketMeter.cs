using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>A bucket that counts what is asked of it, for what providers charge for: requests, and bytes. Thread-safe.</summary>
public sealed class BucketMeter(IBucket bucket) : IBucket
{
    private long _puts;
    private long _putBytes;
    private long _gets;
    private long _getBytes;
    private long _lists;
    private long _deletes;

    /// <inheritdoc/>
    public string Description => bucket.Description;

    /// <summary>What has been counted so far.</summary>
    public BucketUse Use => new(
        Interlocked.Read(ref _puts),
        Interlocked.Read(ref _putBytes),
        Interlocked.Read(ref _gets),
        Interlocked.Read(ref _getBytes),
        Interlocked.Read(ref _lists),
        Interlocked.Read(ref _deletes));

    /// <inheritdoc/>
    public async Task<BucketObject?> GetAsync(string key, CancellationToken cancel)
    {
        Interlocked.Increment(ref _gets);
        var found = await bucket.GetAsync(key, cancel);
        Interlocked.Add(ref _getBytes, found?.Content.Length ?? 0);
        return found;
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel)
    {
        Interlocked.Increment(ref _gets);
        var found = await bucket.GetRangeAsync(key, offset, length, cancel);
        Interlocked.Add(ref _getBytes, found?.Length ?? 0);
        return found;
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel)
    {
        Interlocked.Increment(ref _gets);
        return bucket.OpenReadAsync(key, cancel);
    }

    /// <inheritdoc/>
    public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        Interlocked.Increment(ref _puts);
        Interlocked.Add(ref _putBytes, content.Length);
        return bucket.PutAsync(key, content, condition, cancel);
    }

    /// <inheritdoc/>
    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel)
    {
        Interlocked.Increment(ref _puts);
        Interlocked.Add(ref _putBytes, content.Length - content.Position);
        return bucket.PutStreamAsync(key, content, cancel);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel)
    {
        Interlocked.Increment(ref _lists);
        return bucket.ListAsync(prefix, after, cancel);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        Interlocked.Increment(ref _deletes);
        return bucket.DeleteAsync(keys, cancel);
    }
}
