using Skerry.Storage.Buckets;
using Skerry.Storage.Pages;

namespace Skerry.Storage.Archive;

/// <content>Reads everything that the bucket has of an object, and compares every checksum.</content>
public sealed partial class ObjectArchive
{
    /// <summary>
    /// Proves an object's history:
    /// <list type="number">
    /// <item>the indexes of all its files, and of the bundles of its owner's session;</item>
    /// <item>each transaction in them, superseded ones too;</item>
    /// <item>each snapshot;</item>
    /// <item>that the newest state can be put together from them.</item>
    /// </list>
    /// Damage is collected; only a bucket that cannot be read ends it early.
    /// </summary>
    /// <param name="bucket">Where it is.</param>
    /// <param name="key">The object.</param>
    /// <param name="ofOwner">The bundles of the session that owns it; null if it has none, or is owned by nobody.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<HistoryProof> ProveAsync(IBucket bucket, ObjectKey key, SessionBundles? ofOwner, CancellationToken cancel)
    {
        // 1.
        List<string> damage = [];
        ObjectArchive? archive = null;
        var files = await ObjectFiles.ListAsync(bucket, key, cancel);
        var byFile = (ofOwner?.EntriesOf(key) ?? []).ToLookup(static one => one.File, static one => one.Entry)
            .ToDictionary(static one => one.Key, static one => one.ToList());
        foreach (var log in files.Logs)
        {
            await CollectAsync(damage, async () =>
            {
                if (await BatchFile.ReadIndexAsync(bucket, log.Key, log.Bytes, cancel) is { } index)
                {
                    byFile.TryAdd(log.Key, [.. index.Entries.Where(one => one.Key == key)]);
                }
            });
        }

        // 2.
        var (records, bytes) = (0L, 0L);
        foreach (var (file, entries) in byFile)
        {
            entries.Sort(static (left, right) => left.Offset.CompareTo(right.Offset));
            var at = 0;
            await CollectAsync(damage, async () =>
            {
                await foreach (var ltx in RecordFetcher.ReadAsync(bucket, [.. entries.Select(one => RecordAt.Of(file, one))], cancel))
                {
                    var entry = entries[at++];
                    await CollectAsync(damage, () =>
                    {
                        RecordProof.Check(file, entry, ltx);
                        (records, bytes) = (records + 1, bytes + ltx.Length);
                        return Task.CompletedTask;
                    });
                }
            });
        }

        // 3.
        foreach (var snapshot in files.Snapshots)
        {
            await CollectAsync(damage, async () =>
            {
                await SnapshotFile.ReadAsync(bucket, snapshot, static (_, _) => { }, cancel);
                (records, bytes) = (records + 1, bytes + snapshot.Bytes);
            });
        }

        // 4.
        await CollectAsync(damage, async () =>
        {
            archive = await OpenAsync(bucket, key, ofOwner, cancel);
            await archive.RestoreAsync(archive.Newest.Transaction, NoPages.Instance, cancel);
        });
        return new(archive?.Newest.Transaction ?? 0, records, bytes, [.. damage.Distinct()]);
    }

    private static async Task CollectAsync(List<string> damage, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (StorageDamagedException e)
        {
            damage.Add(e.Message);
        }
    }

    private sealed class NoPages : IPageSink
    {
        public static readonly NoPages Instance = new();

        public void Begin(in PageState state)
        {
        }

        public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum)
        {
        }
    }
}
