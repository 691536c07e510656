using System.Security.Cryptography;

namespace Skerry.Storage.Buckets;

/// <summary>
/// Proves at start that a bucket keeps the promises that correctness rests on. A bucket that ignores a condition would
/// let two owners of an object confirm writes, and nothing else would notice.
/// </summary>
public static class BucketProbe
{
    /// <summary>Where the probe's keys are; what is left there by a node that ended meanwhile may be deleted.</summary>
    public const string Prefix = "probe/";

    /// <summary>Puts, swaps, reads, lists and deletes a key of its own.</summary>
    /// <exception cref="BucketException">With <see cref="BucketFault.Unsuitable"/>: the bucket cannot be used, and why. Other faults: it cannot be tried.</exception>
    public static async Task RunAsync(IBucket bucket, RandomNumberGenerator random, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        ArgumentNullException.ThrowIfNull(random);
        var key = Prefix + NewName(random);
        try
        {
            await ProveAsync(bucket, key, cancel);
        }
        catch (BucketException)
        {
            await TryDeleteAsync(bucket, key, cancel);
            throw;
        }

        await bucket.DeleteAsync([key], cancel);
        Require(bucket, await bucket.GetAsync(key, cancel) is null, "a deleted key is still there");
    }

    private static async Task ProveAsync(IBucket bucket, string key, CancellationToken cancel)
    {
        // Contents differ in every put, so that a version cannot be right by chance.
        // 1. Create if absent: once.
        var first = await PutAsync(bucket, key, 1, PutCondition.IfAbsent, cancel);
        Require(bucket, first.Stored, "a key that nobody has written cannot be created if absent");
        Require(
            bucket,
            !(await PutAsync(bucket, key, 2, PutCondition.IfAbsent, cancel)).Stored,
            "a key that exists was created if absent: conditional writes (If-None-Match: *) are ignored");

        // 2. What is read is what was written, with its version.
        var read = await bucket.GetAsync(key, cancel);
        Require(bucket, read is not null && read.Value.Content.Span.SequenceEqual(Content(1)), "what was written is not what is read");
        Require(bucket, read!.Value.ETag == first.ETag, "a put answers another version (ETag) than a read");

        // 3. Swap: with the present version only.
        var second = await PutAsync(bucket, key, 3, PutCondition.IfMatch(first.ETag!), cancel);
        if (!second.Stored && bucket is S3Bucket server && server.TryWithoutQuotes())
        {
            second = await PutAsync(bucket, key, 3, PutCondition.IfMatch(first.ETag!), cancel);
        }

        Require(
            bucket,
            second.Stored,
            "a write that named the present version (If-Match) was refused as if it were another");
        Require(
            bucket,
            !(await PutAsync(bucket, key, 4, PutCondition.IfMatch(first.ETag!), cancel)).Stored,
            "a version that is no longer the present one was replaced: conditional writes (If-Match) are ignored");
        read = await bucket.GetAsync(key, cancel);
        Require(bucket, read is not null && read.Value.Content.Span.SequenceEqual(Content(3)), "a refused write has changed the content");

        // 4. What was written is listed.
        var listed = false;
        await foreach (var entry in bucket.ListAsync(key, null, cancel))
        {
            listed |= entry.Key == key;
        }

        Require(bucket, listed, "what was written is not listed");
    }

    // An unknown outcome is told by a read, as everywhere; the probe's key has no other writer.
    private static async Task<PutOutcome> PutAsync(IBucket bucket, string key, byte content, PutCondition condition, CancellationToken cancel)
    {
        try
        {
            return await bucket.PutAsync(key, Content(content), condition, cancel);
        }
        catch (BucketException e) when (e.Fault == BucketFault.OutcomeUnknown)
        {
            return await bucket.GetAsync(key, cancel) is { } read && read.Content.Span.SequenceEqual(Content(content))
                ? new PutOutcome(true, read.ETag)
                : PutOutcome.Conflict;
        }
    }

    private static byte[] Content(byte number) => [.. "skerry probe "u8, (byte)('0' + number)];

    private static void Require(IBucket bucket, bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new BucketException(
                BucketFault.Unsuitable,
                $"{bucket.Description} cannot be used: {otherwise}. Skerry needs conditional writes and strong consistency; S3, Cloudflare R2, MinIO and Ceph have them, behind some proxies they get lost.");
        }
    }

    private static async Task TryDeleteAsync(IBucket bucket, string key, CancellationToken cancel)
    {
        try
        {
            await bucket.DeleteAsync([key], cancel);
        }
        catch (BucketException)
        {
            // The fault that led here says more.
        }
    }

    private static string NewName(RandomNumberGenerator random)
    {
        Span<byte> name = stackalloc byte[16];
        random.GetBytes(name);
        return Convert.ToHexStringLower(name);
    }
}
