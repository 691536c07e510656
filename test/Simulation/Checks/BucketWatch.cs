using System.Text.Json;
using Skerry.Simulation.Fleet;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Checks;

/// <summary>
/// Knows what every file in the bucket holds, as it was put there: that it is what was appended and nothing else, whether each
/// object can be restored from it, and how much of it is needed.
/// </summary>
internal sealed class BucketWatch(SimulatedFleet fleet, Ledger ledger)
{
    private readonly Dictionary<string, BatchIndex> _indexes = [];
    private readonly Dictionary<ObjectKey, HashSet<string>> _logs = [];
    private readonly Dictionary<ObjectKey, Dictionary<string, SnapshotObject>> _snapshots = [];
    private readonly Dictionary<string, long> _times = [];
    private readonly Dictionary<SessionId, HashSet<string>> _bundles = [];

    /// <summary>Takes in a file; tells what is wrong with it, and of which objects it holds something.</summary>
    public string? Stored(string key, byte[] content, ISet<ObjectKey> touched, List<LedgerRecord> records)
    {
        if (BucketKeys.TryParseBundle(key, out var session, out _, out _))
        {
            Add(_bundles, session).Add(key);
            return Index(key, content, touched, records);
        }

        if (BucketKeys.TryParseLog(key, out var log, out _, out _, out _))
        {
            Add(_logs, log).Add(key);
            return Index(key, content, touched, records);
        }

        if (BucketKeys.TryParseSnapshot(key, out var @object, out var txid, out var epoch, out var alarm))
        {
            if (!_snapshots.TryGetValue(@object, out var snapshots))
            {
                _snapshots.Add(@object, snapshots = []);
            }

            snapshots[key] = new SnapshotObject(key, txid, epoch, alarm, content.Length);
            touched.Add(@object);
            return Snapshot(key, content, @object, epoch, txid);
        }

        return null;
    }

    /// <summary>A key has gone.</summary>
    public void Deleted(string key, ISet<ObjectKey> touched)
    {
        _times.Remove(key);
        if (BucketKeys.TryParseSnapshot(key, out var @object, out _, out _, out _))
        {
            _snapshots[@object].Remove(key);
            touched.Add(@object);
        }
        else if (_indexes.Remove(key, out var index))
        {
            touched.UnionWith(index.Entries.Select(static entry => entry.Key));
            if (BucketKeys.TryParseBundle(key, out var session, out _, out _))
            {
                _bundles[session].Remove(key);
            }
            else if (BucketKeys.TryParseLog(key, out var log, out _, out _, out _))
            {
                _logs[log].Remove(key);
            }
        }
    }

    /// <summary>Why an object's newest confirmed record cannot be restored by its owner; null if it can.</summary>
    public string? WhyNotRestorable(ObjectKey key, LedgerRecord newest, SessionId owner)
    {
        var files = _logs.GetValueOrDefault(key) ?? [];
        var entries = files.Concat(_bundles.GetValueOrDefault(owner) ?? [])
            .SelectMany(file => _indexes[file].Entries.Where(entry => entry.Key == key).Select(entry => new BundledEntry(file, entry)));
        var chain = ObjectChain.Resolve(entries, SnapshotsOf(key));
        if (chain.FirstBase < 0)
        {
            return chain.End ?? "nothing of it is in the bucket";
        }

        var at = chain.Find(newest.Txid);
        return at < chain.FirstBase ? $"the history of it goes from {chain.Links[chain.FirstBase].Txid} to {chain.Newest?.Txid}"
            : chain.Links[at].Epoch != newest.Epoch ? $"its history has transaction {newest.Txid} in epoch {chain.Links[at].Epoch:x}"
            : null;
    }

    /// <summary>
    /// 7. What is in the bucket beyond twice the live data and what retention holds; null if nothing is. Retention holds every
    /// file with a transaction that is younger than it, and what is in the trash until it may be deleted. The last bundle of a
    /// session that goes on stays, for it says how far the session is.
    /// </summary>
    public string? Excess()
    {
        var now = fleet.Nodes.Where(static node => !node.IsDown).Select(static node => node.Clock.UtcNow.ToUnixTimeMilliseconds()).DefaultIfEmpty(long.MaxValue).Min();
        var options = fleet.UploadOptions;
        var since = now - (long)(options.Retention + options.SweepInterval + options.TrashDelay).TotalMilliseconds;
        var held = Trashed(now);
        held.UnionWith(fleet.Nodes.Where(static node => !node.IsDown)
            .Select(node => _bundles.GetValueOrDefault(node.Process!.Self.Session)?.Max(StringComparer.Ordinal)).OfType<string>());
        var (allowed, used) = (0L, 0L);
        foreach (var key in fleet.Keys)
        {
            // One page each.
            allowed += ledger.Newest(key) is null ? 0 : 2 * Storage.Sqlite.IPageFile.PageSize;
        }

        foreach (var (key, stored) in fleet.Store.Objects)
        {
            // The rest is records of nodes and owners, no data; that none of those outlives its session is another check.
            if (_times.TryGetValue(key, out var time))
            {
                used += stored.Content.Length;
                allowed += time >= since || held.Contains(key) ? stored.Content.Length : 0;
            }
        }

        if (used > allowed && fleet.IsTracing)
        {
            foreach (var (key, stored) in fleet.Store.Objects)
            {
                fleet.Trace("bucket", $"{key} {stored.Content.Length} {(_times.TryGetValue(key, out var time) ? time - since : null)} {held.Contains(key)}");
            }
        }

        return used <= allowed ? null : $"{used} bytes are in the bucket, and {allowed} are twice the live data and what retention holds";
    }

    // What was listed lately, by the clock of whoever has listed it.
    private HashSet<string> Trashed(long nowMs)
    {
        HashSet<string> keys = [];
        foreach (var (key, stored) in fleet.Store.Objects.Where(static stored => stored.Key.StartsWith(BucketKeys.TrashPrefix, StringComparison.Ordinal)))
        {
            if (BucketKeys.TryParseTrash(key, out var time) && time > nowMs)
            {
                using var list = JsonDocument.Parse(stored.Content);
                keys.UnionWith(list.RootElement.GetProperty("Delete").EnumerateArray().Select(static one => one.GetString()!));
            }
        }

        return keys;
    }

    private IEnumerable<SnapshotObject> SnapshotsOf(ObjectKey key) => _snapshots.TryGetValue(key, out var snapshots) ? snapshots.Values : [];

    private string? Index(string key, byte[] content, ISet<ObjectKey> touched, List<LedgerRecord> records)
    {
        BatchIndex index;
        try
        {
            index = BatchFile.ReadIndex(key, content);
        }
        catch (StorageDamagedException error)
        {
            return error.Message;
        }

        _indexes[key] = index;
        _times[key] = index.Entries.Select(static entry => entry.TimestampMs).DefaultIfEmpty(long.MinValue).Max();
        foreach (var entry in index.Entries)
        {
            touched.Add(entry.Key);
            if (ledger.Find(entry.Key, entry.Epoch, entry.Txid) is not { } record
                || record.Sequence != entry.Sequence
                || !IsSame(key, entry, content.AsMemory((int)entry.Offset, entry.Length), record))
            {
                return $"{key} holds a transaction {entry.Txid} of {Oracle.Short(entry.Key)} in epoch {entry.Epoch:x} as record {entry.Sequence} that nobody has written like that";
            }

            records.Add(record);
        }

        return null;
    }

    // A bit of a compressed page may mean nothing: what counts is what it decompresses to.
    private static bool IsSame(string key, in BatchEntry entry, ReadOnlyMemory<byte> ltx, LedgerRecord record)
    {
        if (ltx.Span.SequenceEqual(record.Ltx.Span))
        {
            return true;
        }

        try
        {
            RecordProof.Check(key, entry, ltx);
            return entry.PostApplyChecksum == record.Checksum;
        }
        catch (StorageDamagedException)
        {
            return false;
        }
    }

    private string? Snapshot(string key, byte[] content, ObjectKey @object, ulong epoch, ulong txid)
    {
        try
        {
            var reader = new LtxReader(key, content);
            reader.Verify();
            _times[key] = reader.Header.TimestampMs;
            return ledger.Find(@object, epoch, txid) is { } record && record.Checksum == reader.Trailer.PostApplyChecksum
                ? null
                : $"{key} is of a state that {Oracle.Short(@object)} has never had";
        }
        catch (StorageDamagedException error)
        {
            return error.Message;
        }
    }

    private static HashSet<string> Add<T>(Dictionary<T, HashSet<string>> sets, T of)
        where T : notnull
    {
        if (!sets.TryGetValue(of, out var set))
        {
            sets.Add(of, set = []);
        }

        return set;
    }
}
