using Skerry.Storage.Buckets;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Archive;

/// <summary>
/// Copies what a session's bundles have of an object into the object's own files, so that the bundles are not needed
/// for it any more. Doing it again, or by several at once, does no harm: the same records make the same files.
/// </summary>
public static class Promotion
{
    // What one promotion holds in memory.
    private const long FileBytesMax = 64L << 20;

    /// <summary>Promotes an object. When it returns, everything that the bundles had of it when it was called is in the object's own files.</summary>
    /// <returns>The files written; none if there was nothing to promote.</returns>
    /// <exception cref="StorageDamagedException">A bundle is damaged; nothing that is damaged is copied.</exception>
    public static async Task<IReadOnlyList<LogObject>> PromoteAsync(IBucket bucket, SessionBundles bundles, ObjectKey key, CancellationToken cancel)
    {
        var entries = bundles.EntriesOf(key);
        if (entries.Count == 0)
        {
            return [];
        }

        var stored = await StoredAsync(bucket, key, entries, cancel);
        var missing = entries.Where(e => stored.Add((e.Entry.Epoch, e.Entry.Txid))).ToArray();
        List<LogObject> written = [];
        for (var first = 0; first < missing.Length;)
        {
            var (count, bytes) = (0, 0L);
            while (first + count < missing.Length && (count == 0 || bytes + missing[first + count].Entry.Length <= FileBytesMax))
            {
                bytes += missing[first + count++].Entry.Length;
            }

            written.Add(await CopyAsync(bucket, key, missing.AsMemory(first, count), cancel));
            first += count;
        }

        bundles.Promoted(key, entries[^1].Entry.Sequence);
        return written;
    }

    /// <summary>Writes one batch file of an object's records.</summary>
    internal static async Task<LogObject> WriteAsync(IBucket bucket, ObjectKey key, IReadOnlyList<ArchivedRecord> records, CancellationToken cancel)
    {
        var (min, max, epoch) = (records.Min(static r => r.Txid), records.Max(static r => r.Txid), records.Max(static r => r.Epoch));
        var file = BucketKeys.Log(key, min, max, epoch);
        using var content = BatchFile.Open(records);
        await BatchUpload.PutAsync(bucket, file, content, cancel);
        return new LogObject(file, min, max, epoch, content.Length);
    }

    // Which of the entries are in the object's own files already. A file's key bounds what can be in it.
    private static async Task<HashSet<(ulong Epoch, ulong Txid)>> StoredAsync(
        IBucket bucket, ObjectKey key, IReadOnlyList<BundledEntry> entries, CancellationToken cancel)
    {
        HashSet<(ulong, ulong)> stored = [];
        await foreach (var line in bucket.ListAsync(BucketKeys.LogsOf(key), null, cancel))
        {
            if (ObjectFiles.Log(line) is { } log
                && entries.Any(e => e.Entry.Txid >= log.Min && e.Entry.Txid <= log.Max && e.Entry.Epoch <= log.Epoch)
                && await BatchFile.ReadIndexAsync(bucket, log.Key, log.Bytes, cancel) is { } index)
            {
                stored.UnionWith(index.Entries.Select(static e => (e.Epoch, e.Txid)));
            }
        }

        return stored;
    }

    private static async Task<LogObject> CopyAsync(IBucket bucket, ObjectKey key, ReadOnlyMemory<BundledEntry> entries, CancellationToken cancel)
    {
        var places = entries.ToArray();
        var records = new List<ArchivedRecord>(places.Length);
        await foreach (var ltx in RecordFetcher.ReadAsync(bucket, [.. places.Select(static e => RecordAt.Of(e.File, e.Entry))], cancel))
        {
            var (file, entry) = places[records.Count];
            RecordProof.Check(file, entry, ltx);
            records.Add(new ArchivedRecord(key, entry.Epoch, entry.Txid, entry.Sequence, entry.AlarmMs, entry.TimestampMs, ltx));
        }

        return await WriteAsync(bucket, key, records, cancel);
    }
}
