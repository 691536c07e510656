using Skerry.Storage.Buckets;

namespace Skerry.Storage.Relay.Sessions;

/// <summary>
/// Small records in the bucket that are changed by compare-and-swap only. What is transient (an overloaded or
/// unreachable bucket) is tried again until the caller gives up; what is not is thrown.
/// </summary>
/// <remarks>
/// A record never has the same content twice in its life, because each has a number that grows with every change. So a
/// version that is a hash of the content identifies one moment, and finding one's own content means that one's own
/// write, or that of somebody who wanted exactly the same, has happened.
/// </remarks>
internal sealed class CasRecords<T>(
    IBucket bucket, TimeProvider time, Random random, Func<T, byte[]> write, Func<string, ReadOnlyMemory<byte>, T> read)
    where T : class
{
    /// <summary>The record; null if there is none.</summary>
    public async Task<Versioned<T>?> ReadAsync(string key, CancellationToken cancel) =>
        await GetAsync(key, whateverItSays: false, cancel) is { } found ? new Versioned<T>(read(key, found.Content), found.ETag) : null;

    /// <summary>
    /// Replaces the version <paramref name="etag"/> of a record, or makes the record if that is null.
    /// <list type="number">
    /// <item>Put under the condition.</item>
    /// <item>Refused, or the outcome is unknown: read the record. If it is what was to be written, an earlier try has succeeded.</item>
    /// <item>If it is still the version that was to be replaced, an earlier try may yet arrive. So try again until it is decided: whichever try comes first makes the others fail.</item>
    /// <item>Anything else: somebody was faster.</item>
    /// </list>
    /// A caller that gives up does not know the outcome, and has to reckon with either. While a try may yet arrive nothing
    /// is thrown, whatever the bucket says: a caller would take it for a failure.
    /// </summary>
    public async Task<SwapOutcome<T>> SwapAsync(string key, T next, string? etag, CancellationToken cancel)
    {
        var content = write(next);
        var condition = etag is null ? PutCondition.IfAbsent : PutCondition.IfMatch(etag);
        var backoff = new Backoff(time, random);
        var underWay = false;
        while (true)
        {
            // 1.
            try
            {
                if (await bucket.PutAsync(key, content, condition, cancel) is { Stored: true, ETag: { } stored })
                {
                    return new SwapOutcome<T>(true, new Versioned<T>(next, stored));
                }
            }
            catch (BucketException error) when (error.Fault == BucketFault.OutcomeUnknown)
            {
                underWay = true;
            }
            catch (BucketException error) when (error.Fault == BucketFault.Unavailable || underWay)
            {
            }

            // 2.
            var found = await GetAsync(key, underWay, cancel);
            if (found is { } own && own.Content.Span.SequenceEqual(content))
            {
                return new SwapOutcome<T>(true, new Versioned<T>(next, own.ETag));
            }

            // 4.
            if (found?.ETag != etag)
            {
                return new SwapOutcome<T>(false, found is { } other ? new Versioned<T>(read(key, other.Content), other.ETag) : null);
            }

            // 3.
            await backoff.PauseAsync(cancel);
        }
    }

    private async Task<BucketObject?> GetAsync(string key, bool whateverItSays, CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        while (true)
        {
            try
            {
                return await bucket.GetAsync(key, cancel);
            }
            catch (BucketException error) when (error.Fault is BucketFault.Unavailable || whateverItSays)
            {
                await backoff.PauseAsync(cancel);
            }
        }
    }
}
