using Skerry.Storage.Buckets;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>
/// One object's history in the bucket, as it was when it was opened: its own files, and what the bundles of its owner's
/// session have of it. Not thread-safe.
/// </summary>
/// <remarks>
/// Opening reads one list of keys and the indexes of what is newer than the newest snapshot; the rest when somebody asks
/// for what is older.
/// </remarks>
public sealed class ObjectArchive
{
    private readonly IBucket _bucket;
    private readonly IReadOnlyList<BundledEntry> _bundled;
    private readonly ObjectFiles _files;
    private readonly Dictionary<string, BatchIndex> _indexes = [];
    private readonly Dictionary<string, PageState> _snapshotStates = [];
    private readonly Dictionary<string, StorageDamagedException> _damaged = [];
    private ObjectChain _chain = ObjectChain.Resolve([], []);
    private bool _whole;

    private ObjectArchive(IBucket bucket, ObjectFiles files, IReadOnlyList<BundledEntry> bundled)
    {
        _bucket = bucket;
        _files = files;
        _bundled = bundled;
    }

    /// <summary>The object.</summary>
    public ObjectKey Key => _files.Key;

    /// <summary>The newest state; transaction 0 of an object that has never written.</summary>
    public PageState Newest { get; private set; }

    /// <summary>Bytes of all records after the newest snapshot: what restoring the newest state reads beside it.</summary>
    public long LogBytes { get; private set; }

    /// <summary>The newest snapshot that is part of the history; null if there is none.</summary>
    public SnapshotObject? NewestSnapshot { get; private set; }

    /// <summary>Snapshots that turned out to be damaged, and were done without: an older one and the log led to the same state.</summary>
    public IReadOnlyCollection<StorageDamagedException> Damaged => _damaged.Values;

    /// <summary>Opens an object's history.</summary>
    /// <param name="bucket">Where it is.</param>
    /// <param name="key">The object.</param>
    /// <param name="ofOwner">The bundles of the session that owns it; null if it has none, or is owned by nobody.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="StorageDamagedException">An index is damaged.</exception>
    public static async Task<ObjectArchive> OpenAsync(IBucket bucket, ObjectKey key, SessionBundles? ofOwner, CancellationToken cancel)
    {
        var bundled = ofOwner?.EntriesOf(key) ?? [];
        var archive = new ObjectArchive(bucket, await ObjectFiles.ListAsync(bucket, key, cancel), bundled);
        await archive.LoadAsync(cancel);
        return archive;
    }

    // Files that hold nothing but what the newest snapshot contains cannot change what comes after it, nor whether it
    // counts: a record can only be superseded by one of a higher epoch.
    private async Task LoadAsync(CancellationToken cancel)
    {
        var snapshots = _files.Snapshots.OrderBy(static s => s.Epoch).ThenBy(static s => s.Txid).ToList();
        do
        {
            var newest = snapshots.LastOrDefault();
            await ReadIndexesAsync(_files.Logs.Where(l => newest is null || l.Max > newest.Txid || l.Epoch > newest.Epoch), cancel);
            _chain = Resolve();
            if (newest is null || _chain.Links.Any(l => l.Snapshot == newest))
            {
                break;
            }

            snapshots.Remove(newest);
        }
        while (true);

        _whole = _indexes.Count == _files.Logs.Count;
        await SetNewestAsync(cancel);
    }

    private async Task LoadWholeAsync(CancellationToken cancel)
    {
        if (!_whole)
        {
            await ReadIndexesAsync(_files.Logs, cancel);
            _chain = Resolve();
            _whole = true;
        }
    }

    // Of two copies of a record the object's own counts: bundles go first.
    private ObjectChain Resolve() => ObjectChain.Resolve(
        _indexes.Values.SelectMany(static i => i.Entries.Select(e => new BundledEntry(i.Key, e))).Where(e => e.Entry.Key == Key).Concat(_bundled),
        _files.Snapshots);

    private async Task ReadIndexesAsync(IEnumerable<LogObject> logs, CancellationToken cancel)
    {
        foreach (var some in logs.Where(l => !_indexes.ContainsKey(l.Key)).Chunk(8))
        {
            foreach (var index in await Task.WhenAll(some.Select(l => BatchFile.ReadIndexAsync(_bucket, l.Key, l.Bytes, cancel))))
            {
                // One that has gone since the list was made is older than everything that is still needed.
                if (index is not null)
                {
                    _indexes.Add(index.Key, index);
                }
            }
        }
    }

    private async Task SetNewestAsync(CancellationToken cancel)
    {
        if (_chain.Newest is not { } newest)
        {
            return;
        }

        try
        {
            Newest = await StateAsync(newest, cancel);
        }
        catch (StorageDamagedException e) when (newest.Snapshot?.Key == e.Path && !_damaged.ContainsKey(e.Path))
        {
            // Of the very same transaction the record has to be there: anything older would be a lost write.
            await DoWithoutAsync(e, cancel);
            if (_chain.Newest is not { Record: not null } same || (same.Txid, same.Epoch) != (newest.Txid, newest.Epoch))
            {
                throw;
            }

            Newest = await StateAsync(same, cancel);
        }

        (LogBytes, NewestSnapshot) = (0, null);
        for (var i = _chain.Links.Count - 1; i >= 0; i--)
        {
            if (_chain.Links[i].Snapshot is { } snapshot && !_damaged.ContainsKey(snapshot.Key))
            {
                NewestSnapshot = snapshot;
                break;
            }

            LogBytes += _chain.Links[i].Record?.Entry.Length ?? 0;
        }
    }

    /// <summary>All states that can be restored, oldest first.</summary>
    public async Task<IReadOnlyList<ArchivedVersion>> VersionsAsync(CancellationToken cancel)
    {
        await LoadWholeAsync(cancel);
        List<ArchivedVersion> versions = [];
        for (var i = Math.Max(_chain.FirstBase, 0); i < _chain.Links.Count && _chain.FirstBase >= 0; i++)
        {
            var link = _chain.Links[i];
            var time = (await StateAsync(link, cancel)).TimestampMs;
            versions.Add(link.Record is { } record
                ? new ArchivedVersion(link.Txid, link.Epoch, time, record.Entry.Length, record.File, link.Snapshot is not null)
                : new ArchivedVersion(link.Txid, link.Epoch, time, link.Snapshot!.Bytes, link.Snapshot.Key, true));
        }

        return versions;
    }

    /// <summary>The newest state at or before a time, Unix milliseconds; transaction 0, empty, before the first.</summary>
    /// <exception cref="PastNotRetainedException">The time lies before what is retained.</exception>
    public async Task<PageState> FindByTimeAsync(long timeMs, CancellationToken cancel)
    {
        if (Newest.TimestampMs <= timeMs)
        {
            return Newest;
        }

        await LoadWholeAsync(cancel);
        for (var i = _chain.Links.Count - 1; i >= 0 && i >= _chain.FirstBase && _chain.FirstBase >= 0; i--)
        {
            var state = await StateAsync(_chain.Links[i], cancel);
            if (state.TimestampMs <= timeMs)
            {
                return state;
            }
        }

        return ReachesBack ? default : throw TooOld();
    }

    /// <summary>Checks, without reading pages, that a transaction can be restored; transaction 0 is the empty database.</summary>
    /// <exception cref="PastNotRetainedException">It is not retained any more.</exception>
    /// <exception cref="StorageException">It does not exist.</exception>
    public async Task CheckRetainedAsync(ulong txid, CancellationToken cancel) => await FindAsync(txid, cancel);

    /// <summary>Reads the state after a transaction; 0 is the empty database.</summary>
    /// <returns>The state, once it is proven.</returns>
    /// <exception cref="PastNotRetainedException">The transaction is not retained any more.</exception>
    /// <exception cref="StorageException">The transaction does not exist.</exception>
    /// <exception cref="StorageDamagedException">A file is damaged, or the files do not add up to the state.</exception>
    public async Task<PageState> RestoreAsync(ulong txid, IPageSink sink, CancellationToken cancel)
    {
        var at = await FindAsync(txid, cancel);
        if (at < 0)
        {
            sink.Begin(default);
            return default;
        }

        while (true)
        {
            var (@base, snapshot) = BaseOf(at) ?? throw _damaged.Values.First();
            try
            {
                return await RestoreAsync(at, @base, snapshot, sink, cancel);
            }
            catch (StorageDamagedException e) when (snapshot?.Key == e.Path)
            {
                await DoWithoutAsync(e, cancel);
                await SetNewestAsync(cancel);
                at = _chain.Find(txid);
            }
        }
    }

    private async Task<PageState> RestoreAsync(int at, int @base, SnapshotObject? snapshot, IPageSink sink, CancellationToken cancel)
    {
        var state = await StateAsync(_chain.Links[at], cancel);
        var restorer = new Restorer(_bucket, state, sink);
        await restorer.TakeAsync(Records(snapshot is null ? @base : @base + 1, at), cancel);
        if (snapshot is not null)
        {
            await restorer.TakeAsync(snapshot, cancel);
        }

        restorer.Check(Key);
        return state;
    }

    // The newest base from which records lead to a link. Snapshots that are known to be damaged are none.
    private (int Link, SnapshotObject? Snapshot)? BaseOf(int at)
    {
        for (var i = at; i >= 0; i--)
        {
            var link = _chain.Links[i];
            if (link.Snapshot is { } snapshot && !_damaged.ContainsKey(snapshot.Key))
            {
                return (i, snapshot);
            }

            if (link.Record is null || link.Txid == 1)
            {
                return link.Record is null ? null : (i, null);
            }
        }

        return null;
    }

    // The snapshot stays a link of the chain, and what it supersedes stays superseded: only its content is not used.
    private async Task DoWithoutAsync(StorageDamagedException damage, CancellationToken cancel)
    {
        _damaged.Add(damage.Path, damage);
        try
        {
            await LoadWholeAsync(cancel);
        }
        catch (StorageDamagedException)
        {
            // What is older is damaged, too; the newer damage is what stands in the way.
            throw damage;
        }
    }

    /// <summary>
    /// Reads only what a copy of an earlier state lacks of the newest one. The caller must then prove that the sum of
    /// all its pages' checksums is that of the state returned: a copy is never believed because of its transaction number.
    /// </summary>
    /// <param name="local">The state of the copy.</param>
    /// <param name="sink">Receives the pages that have changed.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The newest state; null, and nothing was handed to <paramref name="sink"/>, if the copy is of no state in this history, or rebuilding it reads less.</returns>
    public async Task<PageState?> CatchUpAsync(PageState local, IPageSink sink, CancellationToken cancel)
    {
        var at = _chain.Find(local.Transaction);
        if (at < 0 && local.Transaction < Newest.Transaction)
        {
            await LoadWholeAsync(cancel);
            at = _chain.Find(local.Transaction);
        }

        if (at < 0)
        {
            return null;
        }

        var state = await StateAsync(_chain.Links[at], cancel);
        if (state.Checksum != local.Checksum || state.PageCount != local.PageCount || state.Epoch != local.Epoch)
        {
            return null;
        }

        var newest = _chain.Links.Count - 1;
        var bytes = 0L;
        for (var i = at + 1; i <= newest; i++)
        {
            if (_chain.Links[i].Record is not { } record)
            {
                return null;
            }

            bytes += record.Entry.Length;
        }

        if (NewestSnapshot is { } snapshot && bytes > LogBytes + snapshot.Bytes)
        {
            return null;
        }

        var changes = new Restorer(_bucket, Newest, sink);
        await changes.TakeAsync(Records(at + 1, newest), cancel);
        return Newest;
    }

    /// <summary>Writes the state after a transaction as a plain SQLite file. It is there whole and durable, or not at all.</summary>
    /// <inheritdoc cref="RestoreAsync" path="/exception"/>
    public async Task<PageState> ExportAsync(ulong txid, string path, CancellationToken cancel)
    {
        using var sink = new DatabaseFileSink(path);
        var state = await RestoreAsync(txid, sink, cancel);
        sink.Complete();
        return state;
    }

    /// <summary>
    /// The last transaction at or before a time, if the records up to it are longer than a snapshot of it would be, and
    /// than <paramref name="bytesMin"/>.
    /// </summary>
    internal async Task<ulong?> IsSnapshotWorthwhileAsync(long timeMs, long bytesMin, CancellationToken cancel)
    {
        await LoadWholeAsync(cancel);
        var (bytes, last) = (0L, default(PageState));
        for (var i = Math.Max(_chain.FirstBase, 0); i < _chain.Links.Count && _chain.FirstBase >= 0; i++)
        {
            // The log begins after the snapshot that the history begins with.
            var link = _chain.Links[i];
            var isFirst = i == _chain.FirstBase && link.Snapshot is not null;
            var state = await StateAsync(link, cancel);
            if ((link.Record is null && !isFirst) || state.TimestampMs > timeMs)
            {
                break;
            }

            bytes += isFirst ? 0 : link.Record!.Value.Entry.Length;
            last = state;
        }

        return bytes > Math.Max((long)last.PageCount * IPageFile.PageSize, bytesMin) ? last.Transaction : null;
    }

    // Newest first.
    private BundledEntry[] Records(int first, int last)
    {
        var records = new BundledEntry[last - first + 1];
        for (var i = 0; i < records.Length; i++)
        {
            records[i] = _chain.Links[last - i].Record!.Value;
        }

        return records;
    }

    // -1 for the empty database.
    private async Task<int> FindAsync(ulong txid, CancellationToken cancel)
    {
        if (txid > Newest.Transaction)
        {
            throw new StorageException($"Transaction {txid} of {Key} does not exist; the newest is {Newest.Transaction}.");
        }

        var at = txid == 0 ? -1 : _chain.Find(txid);
        if (!_whole && (at < 0 || _chain.BaseOf(at) < 0))
        {
            await LoadWholeAsync(cancel);
            at = txid == 0 ? -1 : _chain.Find(txid);
        }

        if (at >= 0 && _chain.BaseOf(at) >= 0)
        {
            return at;
        }

        if (txid == 0 && (ReachesBack || Newest.Transaction == 0))
        {
            return -1;
        }

        throw txid == Newest.Transaction
            ? new StorageDamagedException($"The history of {Key}", 0, $"its newest transaction {txid} cannot be put together, for {_chain.End}")
            : TooOld();
    }

    private bool ReachesBack => _chain.Links is [{ Txid: 1, Record: not null }, ..];

    private async Task<PageState> StateAsync(ChainLink link, CancellationToken cancel)
    {
        if (link.Record is { Entry: var entry })
        {
            return new PageState(entry.Txid, entry.Epoch, entry.PageCount, entry.PostApplyChecksum, entry.TimestampMs, entry.AlarmMs);
        }

        var snapshot = link.Snapshot!;
        if (!_snapshotStates.TryGetValue(snapshot.Key, out var state))
        {
            _snapshotStates[snapshot.Key] = state = await SnapshotFile.StateAsync(_bucket, snapshot, cancel);
        }

        return state;
    }

    private PastNotRetainedException TooOld() => new(
        _chain.FirstBase >= 0
            ? $"That point in time of {Key} is not retained any more; its history reaches back to transaction {_chain.Links[_chain.FirstBase].Txid}."
            : $"Nothing of the history of {Key} can be restored: {_chain.End}.");
}
