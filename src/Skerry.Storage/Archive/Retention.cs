using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>
/// Keeps an object's history as long as it has to be kept, and not its files for ever: the newest snapshot that is older
/// than the retention stays, with everything after it; what it makes superfluous goes into the trash.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Find the newest snapshot that is part of the history and older than the retention.</item>
/// <item>If there is none, and the log before the retention is longer than a snapshot would be, make one at the end of
/// that log; what it stands for goes the next time.</item>
/// <item>Read the snapshot from front to back. Only one that has just been proven whole stands for other files.</item>
/// <item>List the files that hold nothing that is not in it.</item>
/// </list>
/// Several may do this for one object at once, and anybody, for nothing here is changed that an owner needs.
/// </remarks>
public static class Retention
{
    /// <summary>Looks after one object.</summary>
    /// <param name="bucket">Where its files are.</param>
    /// <param name="key">The object.</param>
    /// <param name="options">How long, and where snapshots are put together.</param>
    /// <param name="nowMs">The time, Unix milliseconds.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The keys that were put into the trash.</returns>
    /// <exception cref="StorageDamagedException">The snapshot is damaged; everything stays.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        IBucket bucket, ObjectKey key, UploadOptions options, long nowMs, CancellationToken cancel) =>
        await ApplyAsync(bucket, await ObjectFiles.ListAsync(bucket, key, cancel), options, nowMs, cancel);

    /// <summary>As <see cref="ApplyAsync(IBucket, ObjectKey, UploadOptions, long, CancellationToken)"/>, for an object whose files have been listed.</summary>
    internal static async Task<IReadOnlyList<string>> ApplyAsync(
        IBucket bucket, ObjectFiles files, UploadOptions options, long nowMs, CancellationToken cancel)
    {
        var beforeMs = nowMs - (long)options.Retention.TotalMilliseconds;
        if (await FindAsync(bucket, files, beforeMs, cancel) is not { } snapshot)
        {
            await MakeAsync(bucket, files, options, beforeMs, cancel);
            return [];
        }

        var superfluous = Superfluous(files, snapshot);
        if (superfluous.Count > 0)
        {
            await SnapshotFile.ReadAsync(bucket, snapshot, static (_, _) => { }, cancel);
            await Trash.AddAsync(bucket, superfluous, snapshot.Key, nowMs + (long)options.TrashDelay.TotalMilliseconds, cancel);
        }

        return superfluous;
    }

    // Snapshots go first: what an interrupted deletion leaves then has nothing to be restored from.
    private static List<string> Superfluous(ObjectFiles files, SnapshotObject snapshot) =>
    [
        .. files.Snapshots.Where(s => s != snapshot && s.Txid <= snapshot.Txid && s.Epoch <= snapshot.Epoch).Select(static s => s.Key),
        .. files.Logs.Where(l => l.Max <= snapshot.Txid && l.Epoch <= snapshot.Epoch).Select(static l => l.Key),
    ];

    // Snapshots grow older as their transactions do, so only a few of them are asked for their time.
    private static async Task<SnapshotObject?> FindAsync(IBucket bucket, ObjectFiles files, long beforeMs, CancellationToken cancel)
    {
        List<SnapshotObject> counted = [];
        foreach (var snapshot in files.Snapshots)
        {
            if (Superfluous(files, snapshot).Count > 0 && !await IsSupersededAsync(bucket, files, snapshot, cancel))
            {
                counted.Add(snapshot);
            }
        }

        counted.Sort(static (a, b) => a.Txid.CompareTo(b.Txid));
        var (low, high) = (0, counted.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var timeMs = await SnapshotFile.TimeAsync(bucket, counted[middle], cancel);
            (low, high) = timeMs <= beforeMs ? (middle + 1, high) : (low, middle);
        }

        return low > 0 ? counted[low - 1] : null;
    }

    // It is, if a record of a higher epoch has the same or a lower transaction number. Names tell that of most files.
    private static async Task<bool> IsSupersededAsync(IBucket bucket, ObjectFiles files, SnapshotObject snapshot, CancellationToken cancel)
    {
        if (files.Snapshots.Any(s => s.Epoch > snapshot.Epoch && s.Txid <= snapshot.Txid))
        {
            return true;
        }

        foreach (var log in files.Logs.Where(l => l.Epoch > snapshot.Epoch && l.Min <= snapshot.Txid))
        {
            if (await BatchFile.ReadIndexAsync(bucket, log.Key, log.Bytes, cancel) is { } index
                && index.Entries.Any(e => e.Epoch > snapshot.Epoch && e.Txid <= snapshot.Txid))
            {
                return true;
            }
        }

        return false;
    }

    private static async Task MakeAsync(IBucket bucket, ObjectFiles files, UploadOptions options, long beforeMs, CancellationToken cancel)
    {
        if (files.Logs.MinBy(static l => l.Min) is not { } oldest
            || files.Logs.Sum(static l => l.Bytes) <= options.SnapshotBytesMin
            || await BatchFile.ReadIndexAsync(bucket, oldest.Key, oldest.Bytes, cancel) is not { } first
            || first.Entries.All(e => e.TimestampMs > beforeMs))
        {
            return;
        }

        // What bundles have of the object is newer than all this.
        var archive = await ObjectArchive.OpenAsync(bucket, files.Key, null, cancel);
        if (await archive.IsSnapshotWorthwhileAsync(beforeMs, options.SnapshotBytesMin, cancel) is { } txid)
        {
            await SnapshotMaker.MakeAsync(bucket, archive, txid, options.ScratchFolder, cancel);
        }
    }
}
