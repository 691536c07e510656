using Skerry.Storage.Buckets;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Relay;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>
/// Proves everything that the bucket has of an object: that each file is whole, that each transaction was made on the
/// one before it, and that its pages lead to the checksum it ends with; and that each snapshot is what the log leads to.
/// It goes on after damage and reports all of it.
/// </summary>
/// <remarks>
/// The history is replayed once, oldest first, with nothing but the pages' checksums in memory: 8 bytes a page.
/// </remarks>
public sealed class ArchiveVerifier
{
    private readonly IBucket _bucket;
    private readonly ObjectKey _key;
    private readonly List<ArchiveDamage> _damage = [];
    private readonly Dictionary<string, long> _cut = [];
    private readonly byte[] _content = new byte[IPageFile.PageSize];
    private readonly PageChecksums _pages = new([], 0);
    private ulong _sum;
    private bool _replaying;
    private ulong _oldest;
    private long _records;
    private int _snapshots;
    private long _bytes;

    private ArchiveVerifier(IBucket bucket, ObjectKey key) => (_bucket, _key) = (bucket, key);

    /// <summary>Reads and proves everything of an object.</summary>
    /// <param name="bucket">Where it is.</param>
    /// <param name="key">The object.</param>
    /// <param name="owner">The session that owns it, whose bundles belong to its history; null for none.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="BucketException">The bucket could not be read; what is in it is not known.</exception>
    public static async Task<ArchiveReport> VerifyAsync(IBucket bucket, ObjectKey key, SessionId? owner, CancellationToken cancel)
    {
        var verifier = new ArchiveVerifier(bucket, key);
        return await verifier.RunAsync(owner, cancel);
    }

    private async Task<ArchiveReport> RunAsync(SessionId? owner, CancellationToken cancel)
    {
        var files = await ObjectFiles.ListAsync(_bucket, _key, cancel);
        var records = await ReadIndexesAsync(files, owner, cancel);
        var chain = ObjectChain.Resolve(records, files.Snapshots);
        if (chain is { Newest: { } newest, FirstBase: < 0 })
        {
            Report(newest.Record?.File ?? "", 0, $"nothing of the history can be restored, for {chain.End}");
        }

        await ReplayAsync(chain, cancel);

        // What does not count is still somebody's evidence; and nothing is damaged silently.
        var counted = chain.Links.Select(static l => l.Record).OfType<BundledEntry>().ToHashSet();
        var rest = records.Where(r => !counted.Contains(r)).ToArray();
        await foreach (var (record, ltx) in FetchAsync(rest, cancel))
        {
            Prove(record, ltx, replay: false);
        }

        var standing = chain.Links.Select(static l => l.Snapshot).OfType<SnapshotObject>().ToHashSet();
        foreach (var snapshot in files.Snapshots.Where(s => !standing.Contains(s)))
        {
            await ProveAsync(snapshot, static (_, _) => { }, cancel);
        }

        var needed = chain.Links.Skip(Math.Max(0, chain.FirstBase)).SelectMany(static l => new[] { l.Record?.File, l.Snapshot?.Key }).ToHashSet();
        return new ArchiveReport(
            _key,
            _records,
            _snapshots,
            _bytes,
            _oldest,
            chain.Newest?.Txid ?? 0,
            _damage,
            [.. files.Logs.Select(static l => l.Key).Concat(files.Snapshots.Select(static s => s.Key)).Where(k => !needed.Contains(k))]);
    }

    private async Task<List<BundledEntry>> ReadIndexesAsync(ObjectFiles files, SessionId? owner, CancellationToken cancel)
    {
        List<BundledEntry> records = [];
        foreach (var log in files.Logs)
        {
            try
            {
                if (await BatchFile.ReadIndexAsync(_bucket, log.Key, log.Bytes, cancel) is { } index)
                {
                    CheckName(log, index);
                    records.AddRange(index.Entries.Where(e => e.Key == _key).Select(e => new BundledEntry(log.Key, e)));
                }
            }
            catch (StorageDamagedException e)
            {
                Report(e);
            }
        }

        try
        {
            records.AddRange(owner is { } session ? (await SessionBundles.LoadAsync(_bucket, session, cancel)).EntriesOf(_key) : []);
        }
        catch (StorageDamagedException e)
        {
            Report(e);
        }

        return records;
    }

    private void CheckName(LogObject log, BatchIndex index)
    {
        if (index.Entries.Count == 0
            || index.Entries.Any(e => e.Key != _key)
            || log.Min != index.Entries.Min(static e => e.Txid)
            || log.Max != index.Entries.Max(static e => e.Txid)
            || log.Epoch != index.Entries.Max(static e => e.Epoch))
        {
            Report(log.Key, 0, "its name does not say what is in it");
        }
    }

    private async Task ReplayAsync(ObjectChain chain, CancellationToken cancel)
    {
        var links = chain.Links;
        for (var first = 0; first < links.Count;)
        {
            // Up to the next snapshot, records are read together.
            var count = links.Skip(first).TakeWhile(static l => l.Snapshot is null).Count();
            var run = links.Skip(first).Take(count + 1).Where(static l => l.Record is not null).Select(static l => l.Record!.Value).ToArray();
            await foreach (var (record, ltx) in FetchAsync(run, cancel))
            {
                Prove(record, ltx, replay: true);
            }

            first += count;
            if (first < links.Count)
            {
                await CompareAsync(links[first], cancel);
                first++;
            }
        }
    }

    // Answers null for what cannot be read.
    private async IAsyncEnumerable<(BundledEntry Record, ReadOnlyMemory<byte>? Ltx)> FetchAsync(
        IReadOnlyList<BundledEntry> records, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (var at = 0; at < records.Count;)
        {
            if (_cut.TryGetValue(records[at].File, out var end) && records[at].Entry.Offset >= end)
            {
                yield return (records[at++], null);
                continue;
            }

            var rest = records.Skip(at).Select(static r => RecordAt.Of(r.File, r.Entry)).ToArray();
            await using var fetched = RecordFetcher.ReadAsync(_bucket, rest, cancel).GetAsyncEnumerator(cancel);
            while (await MoveAsync(fetched, records[at]))
            {
                yield return (records[at], fetched.Current);
                if (++at == records.Count)
                {
                    yield break;
                }
            }
        }
    }

    private async Task<bool> MoveAsync(IAsyncEnumerator<ReadOnlyMemory<byte>> fetched, BundledEntry record)
    {
        try
        {
            return await fetched.MoveNextAsync();
        }
        catch (StorageException e) when (e is not BucketException)
        {
            _cut[record.File] = e is StorageDamagedException ? record.Entry.Offset : 0;
            Report(record.File, (e as StorageDamagedException)?.Offset ?? 0, (e as StorageDamagedException)?.What ?? "the file is gone");
            return false;
        }
    }

    private void Prove(in BundledEntry record, ReadOnlyMemory<byte>? ltx, bool replay)
    {
        if (ltx is null)
        {
            _replaying &= !replay;
            return;
        }

        _records++;
        _bytes += ltx.Value.Length;
        try
        {
            Apply(record, new LtxReader(record.File, ltx.Value), replay);
        }
        catch (StorageDamagedException e)
        {
            Report(RecordProof.At(record.File, record.Entry, e));
            _replaying &= !replay;
        }
    }

    private void Apply(in BundledEntry record, LtxReader reader, bool replay)
    {
        var (_, entry) = record;
        RecordProof.CheckHeader(record.File, entry, reader);
        if (replay && entry.Txid == 1)
        {
            Restart();
        }

        var apply = replay && _replaying;
        if (apply)
        {
            Resize(entry.PageCount);
        }

        while (reader.ReadPage(_content, out var page))
        {
            if (apply)
            {
                Set(page, LtxChecksum.OfPage(page, _content));
            }
        }

        RecordProof.CheckTrailer(record.File, entry, reader);
        if (apply && (_sum | LtxChecksum.Flag) != entry.PostApplyChecksum)
        {
            throw new StorageDamagedException(record.File, 0, $"the pages of the transactions up to {entry.Txid} do not add up to the checksum that it ends with");
        }

        _oldest = apply && _oldest == 0 ? entry.Txid : _oldest;
    }

    private async Task CompareAsync(ChainLink link, CancellationToken cancel)
    {
        var snapshot = link.Snapshot!;
        var sums = new PageChecksums([], 0);
        var state = await ProveAsync(snapshot, (page, content) => AddTo(sums, page, content), cancel);
        if (state is not { } proven)
        {
            return;
        }

        if (link.Record is { Entry: var entry } && (entry.PostApplyChecksum != proven.Checksum || entry.PageCount != proven.PageCount))
        {
            Report(snapshot.Key, 0, $"it is whole, but transaction {entry.Txid} has left another state");
            return;
        }

        sums.Resize(proven.PageCount);
        if (_replaying && link.Record is not null)
        {
            for (uint page = 1; page <= proven.PageCount; page++)
            {
                if (page > _pages.Count || sums[page] != _pages[page])
                {
                    Report(snapshot.Key, 0, $"it is whole, but its page {page} is not what the log leads to");
                    return;
                }
            }

            return;
        }

        Restart();
        Resize(proven.PageCount);
        for (uint page = 1; page <= proven.PageCount; page++)
        {
            Set(page, sums[page]);
        }

        _oldest = _oldest == 0 ? link.Txid : _oldest;
    }

    private static void AddTo(PageChecksums sums, uint page, ReadOnlySpan<byte> content)
    {
        sums.Resize(page);
        sums[page] = LtxChecksum.OfPage(page, content);
    }

    private async Task<PageState?> ProveAsync(SnapshotObject snapshot, SnapshotFile.PageAction page, CancellationToken cancel)
    {
        _snapshots++;
        _bytes += snapshot.Bytes;
        try
        {
            return await SnapshotFile.ReadAsync(_bucket, snapshot, page, cancel);
        }
        catch (StorageDamagedException e)
        {
            Report(e);
        }
        catch (StorageException e) when (e is not BucketException)
        {
            Report(snapshot.Key, 0, "the file is gone");
        }

        return null;
    }

    private void Restart()
    {
        _replaying = true;
        Resize(0);
    }

    private void Resize(uint count)
    {
        for (var page = count + 1; page <= _pages.Count; page++)
        {
            _sum ^= _pages[page];
        }

        _pages.Resize(count);
    }

    private void Set(uint page, ulong checksum)
    {
        _sum ^= _pages[page] ^ checksum;
        _pages[page] = checksum;
    }

    private void Report(StorageDamagedException e) => Report(e.Path, e.Offset, e.What);

    private void Report(string file, long offset, string what) => _damage.Add(new ArchiveDamage(file, offset, what));
}
