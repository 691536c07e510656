using System.Runtime.CompilerServices;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>
/// Reads LTX files out of batch files in a wanted order. Neighbours are read with one request, and a few requests are
/// under way ahead of the reader. What is in memory is bounded by <see cref="AheadBytes"/>, or by the largest record.
/// </summary>
internal static class RecordFetcher
{
    /// <summary>Bytes that one request asks for at most, unless one record is larger.</summary>
    public const int ExtentBytes = 4 << 20;

    /// <summary>Bytes that are requested ahead of the reader at most.</summary>
    public const int AheadBytes = 4 * ExtentBytes;

    private readonly record struct Extent(string File, long Offset, long Bytes, int First, int Count);

    /// <summary>Reads records, in order.</summary>
    /// <exception cref="StorageException">A file is gone.</exception>
    /// <exception cref="StorageDamagedException">A file is shorter than its index says.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        IBucket bucket, IReadOnlyList<RecordAt> records, [EnumeratorCancellation] CancellationToken cancel)
    {
        var extents = Merge(records);
        var ahead = new Queue<(Extent Extent, Task<ReadOnlyMemory<byte>> Read)>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            var (next, bytes) = (0, 0L);
            while (next < extents.Count || ahead.Count > 0)
            {
                while (next < extents.Count && (ahead.Count == 0 || bytes + extents[next].Bytes <= AheadBytes))
                {
                    bytes += extents[next].Bytes;
                    ahead.Enqueue((extents[next], ReadAsync(bucket, extents[next], stop.Token)));
                    next++;
                }

                var (extent, read) = ahead.Peek();
                var content = await read;
                ahead.Dequeue();
                for (var i = extent.First; i < extent.First + extent.Count; i++)
                {
                    var offset = (int)(records[i].Offset - extent.Offset);
                    yield return content.Length >= offset + records[i].Length
                        ? content.Slice(offset, records[i].Length)
                        : throw new StorageDamagedException(extent.File, extent.Offset + content.Length, "the file ends within a transaction that its index names");
                }

                bytes -= extent.Bytes;
            }
        }
        finally
        {
            stop.Cancel();
            foreach (var (_, read) in ahead)
            {
                await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(IBucket bucket, Extent extent, CancellationToken cancel) =>
        await bucket.GetRangeAsync(extent.File, extent.Offset, extent.Bytes, cancel)
        ?? throw new StorageException($"{extent.File} is not in the bucket any more. If the object is in use elsewhere, try again.");

    // Neighbours may come in either direction: a restore reads the newest first.
    private static List<Extent> Merge(IReadOnlyList<RecordAt> records)
    {
        List<Extent> extents = [];
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            if (extents is [.., var last] && last.File == record.File && last.Bytes + record.Length <= ExtentBytes)
            {
                if (last.Offset + last.Bytes == record.Offset)
                {
                    extents[^1] = last with { Bytes = last.Bytes + record.Length, Count = last.Count + 1 };
                    continue;
                }

                if (record.Offset + record.Length == last.Offset)
                {
                    extents[^1] = last with { Offset = record.Offset, Bytes = last.Bytes + record.Length, Count = last.Count + 1 };
                    continue;
                }
            }

            extents.Add(new Extent(record.File, record.Offset, record.Length, i, 1));
        }

        return extents;
    }
}
