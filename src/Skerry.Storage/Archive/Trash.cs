using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>
/// Deletes in two steps: what is not needed any more is listed, and what was listed is deleted some time later. Whoever
/// has read a list of keys just before can still read what it names.
/// </summary>
public static class Trash
{
    // A list is one object in memory; most stores delete so many keys with one request.
    private const int KeysMax = 1000;

    /// <param name="Delete">The keys to delete.</param>
    /// <param name="Because">What makes them superfluous; null if nothing has to stay for that.</param>
    private sealed record TrashList(IReadOnlyList<string> Delete, string? Because);

    /// <summary>Lists keys for deletion.</summary>
    /// <param name="bucket">Where they are.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="because">A key that must still be there when they are deleted: the snapshot that stands for them. Null for none.</param>
    /// <param name="afterMs">When they may be deleted, Unix milliseconds.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task AddAsync(IBucket bucket, IReadOnlyList<string> keys, string? because, long afterMs, CancellationToken cancel)
    {
        foreach (var some in keys.Chunk(KeysMax))
        {
            var list = JsonSerializer.SerializeToUtf8Bytes(new TrashList(some, because));
            await bucket.PutAsync(BucketKeys.Trash(afterMs, XxHash3.HashToUInt64(list)), list, PutCondition.None, cancel);
        }
    }

    /// <summary>Deletes what is due. A list goes after what it lists, so that an attempt that was cut off is repeated.</summary>
    /// <returns>How many keys were deleted.</returns>
    /// <exception cref="StorageDamagedException">A list is not legible; nothing of it is deleted.</exception>
    public static async Task<int> EmptyAsync(IBucket bucket, long nowMs, CancellationToken cancel)
    {
        List<string> due = [];
        await foreach (var line in bucket.ListAsync(BucketKeys.TrashPrefix, null, cancel))
        {
            if (BucketKeys.TryParseTrash(line.Key, out var timeMs))
            {
                if (timeMs > nowMs)
                {
                    break;
                }

                due.Add(line.Key);
            }
        }

        var deleted = 0;
        foreach (var key in due)
        {
            if (await bucket.GetAsync(key, cancel) is not { } content)
            {
                continue;
            }

            var list = Parse(key, content.Content.Span);
            if (list.Because is null || await bucket.GetRangeAsync(list.Because, 0, 1, cancel) is not null)
            {
                await bucket.DeleteAsync(list.Delete.ToArray(), cancel);
                deleted += list.Delete.Count;
            }

            await bucket.DeleteAsync([key], cancel);
        }

        return deleted;
    }

    private static TrashList Parse(string key, ReadOnlySpan<byte> json)
    {
        try
        {
            // Whatever a list says: nothing but batches and snapshots is ever deleted because of it.
            if (JsonSerializer.Deserialize<TrashList>(json) is { Delete: { } keys } list && keys.All(IsBatchOrSnapshot))
            {
                return list;
            }
        }
        catch (JsonException)
        {
        }

        throw new StorageDamagedException(key, 0, $"it is not a list of batches and snapshots: {Encoding.UTF8.GetString(json[..Math.Min(json.Length, 100)])}");
    }

    private static bool IsBatchOrSnapshot(string key) =>
        key is not null
        && (BucketKeys.TryParseBundle(key, out _, out _, out _)
            || BucketKeys.TryParseLog(key, out _, out _, out _, out _)
            || BucketKeys.TryParseSnapshot(key, out _, out _, out _, out _));
}
