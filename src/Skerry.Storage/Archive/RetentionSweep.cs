using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>
/// Looks after the files of all objects in the bucket, in use or not: <see cref="Retention"/> for each, in the order of
/// their keys, one at a time. Several may do it at once, or each some of the objects.
/// </summary>
public static class RetentionSweep
{
    /// <summary>Goes through all objects once.</summary>
    /// <param name="bucket">Where they are.</param>
    /// <param name="options">How long history is kept.</param>
    /// <param name="nowMs">The time, Unix milliseconds.</param>
    /// <param name="mine">Which objects; null for all.</param>
    /// <param name="failed">Hears of an object whose files are damaged. All of them stay; the sweep goes on.</param>
    /// <param name="cancel">Ends it; what has been done is good.</param>
    /// <returns>How many keys were put into the trash.</returns>
    /// <exception cref="BucketException">The bucket does not answer.</exception>
    public static async Task<int> RunAsync(
        IBucket bucket, UploadOptions options, long nowMs, Func<ObjectKey, bool>? mine, Action<ObjectKey, StorageException>? failed, CancellationToken cancel)
    {
        var trashed = 0;
        ObjectKey? current = null;
        List<LogObject> logs = [];
        List<SnapshotObject> snapshots = [];
        await foreach (var line in bucket.ListAsync(BucketKeys.ObjectsPrefix, null, cancel))
        {
            if (!BucketKeys.TryParseObject(line.Key, out var key, out _) || mine?.Invoke(key) == false)
            {
                continue;
            }

            if (key != current)
            {
                await ApplyAsync();
                (current, logs, snapshots) = (key, [], []);
            }

            if (ObjectFiles.Log(line) is { } log)
            {
                logs.Add(log);
            }
            else if (ObjectFiles.Snapshot(line) is { } snapshot)
            {
                snapshots.Add(snapshot);
            }
        }

        await ApplyAsync();
        return trashed;

        async Task ApplyAsync()
        {
            // Most objects have so little that nothing of it can be superfluous.
            if (current is not { } key || logs.Count == 0)
            {
                return;
            }

            try
            {
                trashed += (await Retention.ApplyAsync(bucket, new ObjectFiles(key, logs, snapshots), options, nowMs, cancel)).Count;
            }
            catch (StorageException e) when (e is not BucketException)
            {
                failed?.Invoke(key, e);
            }
        }
    }
}
