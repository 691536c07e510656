using Skerry.Storage.Buckets;

namespace Skerry.Simulation.Bugs;

/// <summary>A bucket client that takes an unknown outcome for a good one.</summary>
internal sealed class BuggyBucket(IBucket bucket) : IBucket
{
    public string Description => bucket.Description;

    public static IBucket Wrap(PlantedBug bug, IBucket bucket) => bug == PlantedBug.UnknownIsSuccess ? new BuggyBucket(bucket) : bucket;

    public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => bucket.GetAsync(key, cancel);

    public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) =>
        bucket.GetRangeAsync(key, offset, length, cancel);

    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => bucket.OpenReadAsync(key, cancel);

    public async Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        try
        {
            return await bucket.PutAsync(key, content, condition, cancel);
        }
        catch (BucketException error) when (error.Fault == BucketFault.OutcomeUnknown)
        {
            return new PutOutcome(true, "unknown");
        }
    }

    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => bucket.PutStreamAsync(key, content, cancel);

    public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel) => bucket.ListAsync(prefix, after, cancel);

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => bucket.DeleteAsync(keys, cancel);
}
