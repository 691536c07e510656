using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;

namespace Skerry.Simulation.Bugs;

/// <summary>Deletes an object's log when a snapshot is asked to be stored, whatever becomes of that.</summary>
internal sealed class BuggySnapshots(IBucket bucket) : IBucket
{
    public string Description => bucket.Description;

    public static IBucket Wrap(PlantedBug bug, IBucket bucket) => bug == PlantedBug.DeleteBeforeSnapshot ? new BuggySnapshots(bucket) : bucket;

    public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => bucket.GetAsync(key, cancel);

    public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) =>
        bucket.GetRangeAsync(key, offset, length, cancel);

    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => bucket.OpenReadAsync(key, cancel);

    public async Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        if (BucketKeys.TryParseSnapshot(key, out var @object, out var txid, out _, out _))
        {
            List<string> logs = [];
            await foreach (var entry in bucket.ListAsync(BucketKeys.LogsOf(@object), null, cancel))
            {
                if (BucketKeys.TryParseLog(entry.Key, out _, out _, out var max, out _) && max <= txid)
                {
                    logs.Add(entry.Key);
                }
            }

            await bucket.DeleteAsync(logs, cancel);
        }

        return await bucket.PutAsync(key, content, condition, cancel);
    }

    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => bucket.PutStreamAsync(key, content, cancel);

    public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel) => bucket.ListAsync(prefix, after, cancel);

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => bucket.DeleteAsync(keys, cancel);
}
