using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage;

/// <summary>
/// Point-in-time reads of one node's databases, from the records that its log retains and the snapshots that stand in
/// for records which it does not retain any more.
/// </summary>
/// <remarks>
/// Each record names the object's record before it, so an object's history is a list through the log, newest first. A
/// state is put together by walking it: the newest content of each page at or before the wanted transaction counts.
/// When a segment leaves the log, the state that each of its objects had at the segment's end is kept as one LTX
/// snapshot under <c>snapshots/NAMESPACE/ID/</c>; that is the oldest state that can be restored from then on.
/// </remarks>
internal sealed partial class LogHistory : History
{
    private readonly NodeLog _log;
    private readonly NodeStorageOptions _options;
    private readonly string _snapshots;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public LogHistory(NodeLog log, NodeStorageOptions options, string snapshots, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _log = log;
        _options = options;
        _snapshots = snapshots;
        _time = time;
    }

    /// <inheritdoc/>
    public override Task<PageState> FindByTimeAsync(PageStore store, long timeMs, CancellationToken cancel) => Task.FromResult(FindByTime(store, timeMs));

    private PageState FindByTime(PageStore store, long timeMs)
    {
        if (store.State is { Transaction: > 0 } newest && newest.TimestampMs <= timeMs)
        {
            return newest;
        }

        var at = store.ConfirmedPosition;
        while (TryRead(at, out var entry))
        {
            if (entry.Header.TimestampMs <= timeMs)
            {
                return StateOf(entry);
            }

            if (entry.Header.Previous.IsNone)
            {
                return default;
            }

            at = entry.Header.Previous;
        }

        if (at.IsNone)
        {
            return default;
        }

        if (FindSnapshot(store.Key, ulong.MaxValue) is { } snapshot && snapshot.State.TimestampMs <= timeMs)
        {
            return snapshot.State;
        }

        throw TooOld();
    }

    /// <inheritdoc/>
    public override Task<PastState> ReadAsync(PageStore store, ulong transaction, CancellationToken cancel)
    {
        if (transaction > store.Confirmed.Transaction)
        {
            throw new StorageException($"Transaction {transaction} does not exist; the newest is {store.Confirmed.Transaction}.");
        }

        PageState state = default;
        SortedDictionary<uint, byte[]> pages =
            transaction == 0 ? [] : Collect(store.Key, store.ConfirmedPosition, transaction, out state);
        return Task.FromResult(new PastState(state, pages));
    }

    /// <inheritdoc/>
    public override Task CheckRetainedAsync(PageStore store, ulong transaction, CancellationToken cancel)
    {
        CheckRetained(store, transaction);
        return Task.CompletedTask;
    }

    private void CheckRetained(PageStore store, ulong transaction)
    {
        if (transaction == 0 || transaction >= store.Confirmed.Transaction)
        {
            return;
        }

        var at = store.ConfirmedPosition;
        while (TryRead(at, out var entry))
        {
            if (entry.Header.Txid <= transaction)
            {
                return;
            }

            at = entry.Header.Previous;
        }

        if (FindSnapshot(store.Key, transaction) is not { } snapshot || snapshot.State.Transaction != transaction)
        {
            throw TooOld();
        }
    }

    /// <inheritdoc/>
    public override Task<IReadOnlyList<PastVersion>> VersionsAsync(PageStore store, ulong before, int limit, CancellationToken cancel)
    {
        List<PastVersion> versions = [];
        var at = store.ConfirmedPosition;
        var oldest = ulong.MaxValue;
        while (versions.Count < limit && TryRead(at, out var entry))
        {
            cancel.ThrowIfCancellationRequested();
            oldest = entry.Header.Txid;
            if (oldest < before)
            {
                versions.Add(new(oldest, entry.Header.TimestampMs, entry.Payload.Length, $"log {at}"));
            }

            at = entry.Header.Previous;
        }

        if (versions.Count < limit && !at.IsNone && FindSnapshot(store.Key, Math.Min(oldest, before) - 1) is { } snapshot)
        {
            versions.Add(new(snapshot.State.Transaction, snapshot.State.TimestampMs, new FileInfo(snapshot.Path).Length, snapshot.Path));
        }

        return Task.FromResult<IReadOnlyList<PastVersion>>(versions);
    }

    /// <inheritdoc/>
    public override Task<HistoryProof> ProveAsync(PageStore store, CancellationToken cancel)
    {
        List<string> damage = [];
        var (records, bytes) = (0L, 0L);
        var at = store.ConfirmedPosition;
        try
        {
            while (TryRead(at, out var entry))
            {
                cancel.ThrowIfCancellationRequested();
                new LtxReader($"log record {at}", entry.Payload).Verify();
                (records, bytes) = (records + 1, bytes + entry.Payload.Length);
                at = entry.Header.Previous;
            }

            if (!at.IsNone && FindSnapshot(store.Key, ulong.MaxValue) is { } snapshot)
            {
                var content = File.ReadAllBytes(snapshot.Path);
                new LtxReader(snapshot.Path, content).Verify();
                (records, bytes) = (records + 1, bytes + content.Length);
            }

            // Whole records may still be the wrong ones: put together, they have to be the newest state.
            if (store.Confirmed.Transaction > 0)
            {
                Collect(store.Key, store.ConfirmedPosition, store.Confirmed.Transaction, out _);
            }
        }
        catch (StorageDamagedException e)
        {
            // The list of records ends here: what is before it cannot be found any more.
            damage.Add(e.Message);
        }

        return Task.FromResult(new HistoryProof(store.Confirmed.Transaction, records, bytes, damage));
    }

    private SortedDictionary<uint, byte[]> Collect(ObjectKey key, LogPosition newest, ulong transaction, out PageState state)
    {
        SortedDictionary<uint, byte[]> pages = [];
        PageState? wanted = null;
        var at = newest;
        var oldest = ulong.MaxValue;
        while (TryRead(at, out var entry))
        {
            oldest = entry.Header.Txid;
            if (oldest <= transaction)
            {
                wanted ??= StateOf(entry);
                TakePages(entry.Payload, $"log record {at}", pages, wanted.Value.PageCount);
                if (pages.Count == PageChecksums.StoredPages(wanted.Value.PageCount))
                {
                    break;
                }
            }

            at = entry.Header.Previous;
        }

        if (wanted is null || pages.Count < PageChecksums.StoredPages(wanted.Value.PageCount))
        {
            // The records end here: what is missing is in the snapshot that took the place of older ones.
            var snapshot = FindSnapshot(key, transaction);
            if (snapshot is { } found && (wanted is null ? found.State.Transaction == transaction : found.State.Transaction + 1 >= oldest))
            {
                wanted ??= found.State;
                TakePages(File.ReadAllBytes(found.Path), found.Path, pages, wanted.Value.PageCount);
            }
        }

        state = wanted ?? throw TooOld();
        Verify(key, state, pages);
        return pages;
    }

    private static void TakePages(ReadOnlyMemory<byte> ltx, string source, SortedDictionary<uint, byte[]> pages, uint size)
    {
        var reader = new LtxReader(source, ltx);
        var content = new byte[IPageFile.PageSize];
        while (reader.ReadPage(content, out var page))
        {
            if (page <= size && pages.TryAdd(page, content))
            {
                content = new byte[IPageFile.PageSize];
            }
        }
    }

    private static void Verify(ObjectKey key, in PageState state, SortedDictionary<uint, byte[]> pages)
    {
        var sum = 0UL;
        foreach (var (page, content) in pages)
        {
            sum ^= LtxChecksum.OfPage(page, content);
        }

        if ((sum | LtxChecksum.Flag) != state.Checksum)
        {
            throw new StorageDamagedException(
                $"the history of {key}", 0, $"its records do not add up to transaction {state.Transaction}");
        }
    }

    /// <summary>
    /// Removes segments that are past the retention, or over its bytes, and that no start needs any more. Cancelled, it
    /// removes nothing; what it has saved by then is good for the next time.
    /// </summary>
    public void Trim(LogPosition checkpoint, CancellationToken cancel)
    {
        var oldestMs = (_time.GetUtcNow() - _options.HistoryRetention).ToUnixTimeMilliseconds();
        var segments = _log.Segments;
        var bytes = segments.Sum(s => s.Bytes);
        List<uint> leaving = [];
        foreach (var segment in segments)
        {
            var tooOld = segment.LastTimestampMs < oldestMs;
            var tooMuch = _options.HistoryBytesMax is { } max && bytes > max;
            if (segment.Number >= checkpoint.Segment || !(tooOld || tooMuch))
            {
                break;
            }

            leaving.Add(segment.Number);
            bytes -= segment.Bytes;
        }

        if (leaving.Count > 0 && TrySnapshotObjectsOf(leaving, cancel))
        {
            _log.RemoveSegmentsBefore(leaving[^1] + 1);
        }
    }

    // The last record an object has in the segments is the state to keep. Snapshots are durable before the segments go,
    // and before those that they replace.
    private bool TrySnapshotObjectsOf(List<uint> segments, CancellationToken cancel)
    {
        Dictionary<ObjectKey, (LogPosition Position, ulong Transaction)> last = [];
        foreach (var segment in segments)
        {
            foreach (var (key, record) in LastRecords(segment))
            {
                last[key] = record;
            }
        }

        List<string> replaced = [];
        foreach (var (key, (position, transaction)) in last)
        {
            if (cancel.IsCancellationRequested)
            {
                return false;
            }

            var folder = SnapshotFolder(key);
            var path = Path.Combine(folder, $"{transaction:x16}.ltx");
            Directory.CreateDirectory(folder);
            replaced.AddRange(Directory.EnumerateFiles(folder, "*.ltx").Where(f => string.CompareOrdinal(f, path) < 0));
            try
            {
                if (!File.Exists(path))
                {
                    var pages = Collect(key, position, transaction, out var state);
                    WriteSnapshot(path, state, pages);
                }
            }
            catch (StorageDamagedException e)
            {
                // The object's present is not in these records. Its past up to here cannot be shown any more, and must
                // not be mistaken for that of an older snapshot; nor may it fill the disk by holding up all the others'.
                LogHistoryLost(_logger, key.ToString(), transaction, e);
            }
        }

        if (last.Count > 0)
        {
            DiskSync.FileSystem(_snapshots);
        }

        foreach (var path in replaced)
        {
            File.Delete(path);
        }

        return true;
    }

    private Dictionary<ObjectKey, (LogPosition Position, ulong Transaction)> LastRecords(uint segment)
    {
        Dictionary<ObjectKey, (LogPosition, ulong)> last = [];
        try
        {
            foreach (var (header, position) in _log.ReadHeaders(segment))
            {
                last[header.Key] = (position, header.Txid);
            }
        }
        catch (StorageDamagedException e)
        {
            // Whose records the rest of the segment held is not known; each of them finds its list cut when it looks.
            LogSegmentLost(_logger, segment, e);
        }

        return last;
    }

    [LoggerMessage(1020, LogLevel.Error, "The history of {Key} up to transaction {Transaction} is lost: the log has damaged records of it. Its present state is not affected.")]
    private static partial void LogHistoryLost(ILogger logger, string key, ulong transaction, Exception error);

    [LoggerMessage(1021, LogLevel.Error, "Part of the history in segment {Segment} of the log is lost: it is damaged. The present state of objects is not affected.")]
    private static partial void LogSegmentLost(ILogger logger, uint segment, Exception error);

    private static void WriteSnapshot(string path, in PageState state, SortedDictionary<uint, byte[]> pages)
    {
        var temporary = path + ".tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            RecordEncoder.WriteSnapshot(stream, state, pages);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private (string Path, PageState State)? FindSnapshot(ObjectKey key, ulong transaction)
    {
        var folder = SnapshotFolder(key);
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var path = Directory.EnumerateFiles(folder, "*.ltx")
            .Where(f => Convert.ToUInt64(Path.GetFileNameWithoutExtension(f), 16) <= transaction)
            .Max(StringComparer.Ordinal);
        if (path is null)
        {
            return null;
        }

        return (path, StateOf(path, File.ReadAllBytes(path), epoch: 0, alarmMs: 0));
    }

    private string SnapshotFolder(ObjectKey key) => Path.Combine(_snapshots, key.Namespace, key.Id.ToString());

    private static PageState StateOf(in LogEntry entry) =>
        StateOf($"log record {entry.Position}", entry.Payload.Span, entry.Header.Epoch, entry.Header.AlarmMs);

    private static PageState StateOf(string source, ReadOnlySpan<byte> ltx, ulong epoch, long alarmMs)
    {
        var header = LtxHeader.Parse(source, ltx);
        var trailer = LtxTrailer.Parse(ltx[^LtxTrailer.Size..]);
        return new PageState(header.MaxTxid, epoch, header.Commit, trailer.PostApplyChecksum, header.TimestampMs, alarmMs);
    }

    private bool TryRead(LogPosition position, out LogEntry entry)
    {
        if (position.IsNone || position.Segment < _log.FirstSegment)
        {
            entry = default;
            return false;
        }

        entry = _log.Read(position);
        return true;
    }

    private PastNotRetainedException TooOld() => new(
        $"That point in time is not retained any more; the history reaches back {_options.HistoryRetention.TotalDays:0.#} days or {_options.HistoryBytesMax} bytes of log, whichever is less.");
}
