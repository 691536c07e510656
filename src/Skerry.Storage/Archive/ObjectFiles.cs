using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>One of an object's own batch files, as its key describes it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Min">The lowest transaction in it.</param>
/// <param name="Max">The highest transaction in it.</param>
/// <param name="Epoch">The highest epoch in it.</param>
/// <param name="Bytes">Its length.</param>
public sealed record LogObject(string Key, ulong Min, ulong Max, ulong Epoch, long Bytes);

/// <summary>One of an object's snapshots, as its key describes it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Txid">The transaction after which the database was like that.</param>
/// <param name="Epoch">That transaction's epoch.</param>
/// <param name="AlarmMs">The alarm that held after it.</param>
/// <param name="Bytes">Its length.</param>
public sealed record SnapshotObject(string Key, ulong Txid, ulong Epoch, long AlarmMs, long Bytes);

/// <summary>An object's own files in the bucket: one list of keys, nothing read.</summary>
/// <param name="Key">The object.</param>
/// <param name="Logs">Its batch files, by key.</param>
/// <param name="Snapshots">Its snapshots, by key.</param>
public sealed record ObjectFiles(ObjectKey Key, IReadOnlyList<LogObject> Logs, IReadOnlyList<SnapshotObject> Snapshots)
{
    /// <summary>Lists an object's files. What is not named as one of them is left out.</summary>
    public static async Task<ObjectFiles> ListAsync(IBucket bucket, ObjectKey key, CancellationToken cancel)
    {
        List<LogObject> logs = [];
        List<SnapshotObject> snapshots = [];
        await foreach (var entry in bucket.ListAsync(BucketKeys.Object(key), null, cancel))
        {
            if (Log(entry) is { } log)
            {
                logs.Add(log);
            }
            else if (Snapshot(entry) is { } snapshot)
            {
                snapshots.Add(snapshot);
            }
        }

        return new ObjectFiles(key, logs, snapshots);
    }

    /// <summary>The batch file that a line of a list is; null for anything else.</summary>
    internal static LogObject? Log(in BucketEntry entry) =>
        BucketKeys.TryParseLog(entry.Key, out _, out var min, out var max, out var epoch) ? new(entry.Key, min, max, epoch, entry.Bytes) : null;

    /// <summary>The snapshot that a line of a list is; null for anything else.</summary>
    internal static SnapshotObject? Snapshot(in BucketEntry entry) =>
        BucketKeys.TryParseSnapshot(entry.Key, out _, out var txid, out var epoch, out var alarm) ? new(entry.Key, txid, epoch, alarm, entry.Bytes) : null;
}
