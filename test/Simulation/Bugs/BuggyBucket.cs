using System.Buffers.Binary;
using System.IO.Hashing;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;

namespace Skerry.Simulation.Bugs;

/// <summary>A bucket client that takes an unknown outcome for a good one, looks at no checksum of an index, or lists nothing for deletion.</summary>
internal sealed class BuggyBucket(PlantedBug bug, IBucket bucket) : IBucket
{
    public string Description => bucket.Description;

    public static IBucket Wrap(PlantedBug bug, IBucket bucket) =>
        bug is PlantedBug.UnknownIsSuccess or PlantedBug.TrustADamagedIndex or PlantedBug.NeverTrash ? new BuggyBucket(bug, bucket) : bucket;

    public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => bucket.GetAsync(key, cancel);

    public async Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel)
    {
        var range = await bucket.GetRangeAsync(key, offset, length, cancel);
        return bug == PlantedBug.TrustADamagedIndex && range is { } tail && offset < 0 ? WithRightChecksums(tail) : range;
    }

    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => bucket.OpenReadAsync(key, cancel);

    public async Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        if (bug == PlantedBug.NeverTrash && BucketKeys.TryParseTrash(key, out _))
        {
            return new PutOutcome(true, "never");
        }

        try
        {
            return await bucket.PutAsync(key, content, condition, cancel);
        }
        catch (BucketException error) when (error.Fault == BucketFault.OutcomeUnknown && bug == PlantedBug.UnknownIsSuccess)
        {
            return new PutOutcome(true, "unknown");
        }
    }

    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => bucket.PutStreamAsync(key, content, cancel);

    public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel) => bucket.ListAsync(prefix, after, cancel);

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => bucket.DeleteAsync(keys, cancel);

    // What a reader sees that compares nothing: BatchFooter has the places.
    private static ReadOnlyMemory<byte> WithRightChecksums(ReadOnlyMemory<byte> tail)
    {
        if (tail.Length < BatchFooter.Size)
        {
            return tail;
        }

        var bytes = tail.ToArray();
        var footer = bytes.AsSpan(bytes.Length - BatchFooter.Size);
        var index = BinaryPrimitives.ReadInt32LittleEndian(footer[8..]);
        if (index >= 0 && index <= bytes.Length - BatchFooter.Size)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(footer[16..], XxHash3.HashToUInt64(bytes.AsSpan(bytes.Length - BatchFooter.Size - index, index)));
            BinaryPrimitives.WriteUInt64LittleEndian(footer[32..], XxHash3.HashToUInt64(footer[..32]));
        }

        return bytes;
    }
}
