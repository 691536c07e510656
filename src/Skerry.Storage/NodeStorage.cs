using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage;

/// <summary>
/// All databases of one node: the log that every commit goes to, the database files that the log is checkpointed into,
/// and the history that the log keeps. Thread-safe.
/// </summary>
/// <remarks>
/// A commit is durable when its record is in the log. Files follow: a page is written to its file some time after it
/// was confirmed, and a checkpoint makes all files durable and remembers the log position they reflect. After a crash
/// the records behind that position are redone, each object's when it is first opened, or in the background.
/// </remarks>
public sealed partial class NodeStorage : IAsyncDisposable
{
    private readonly NodeStorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DataFolder _folder;
    private readonly NodeLog _log;
    private readonly Checkpointer _checkpointer;
    private readonly ConcurrentDictionary<ObjectKey, PageStore> _open = new();
    private readonly ConcurrentDictionary<ObjectKey, List<LogPosition>> _unredone = new();
    private readonly ConcurrentDictionary<ObjectKey, StorageDamagedException> _damaged = new();
    private readonly ConcurrentDictionary<ObjectKey, ulong> _failedEpochs = new();
    private readonly Dictionary<ObjectKey, long> _alarmsFound = [];
    private int _disposed;
    private readonly Lock[] _opening = [.. Enumerable.Range(0, 64).Select(static _ => new Lock())];

    private NodeStorage(NodeStorageOptions options, DataFolder folder, TimeProvider time, ILogger logger)
    {
        _options = options;
        _folder = folder;
        _time = time;
        _logger = logger;
        var start = CheckpointFile.Read(CheckpointPath, (key, due) => _alarmsFound[key] = due);
        _log = OpenLog(start);
        History = new History(_log, options, Path.Combine(folder.Path, "snapshots"), time, logger);
        _checkpointer = new Checkpointer(this, _log, options, time, logger, start);
    }

    /// <summary>Point-in-time reads over what the log retains.</summary>
    public History History { get; }

    /// <summary>Who knows the pending alarms, so that a checkpoint can save them. Until it is set no checkpoint is made.</summary>
    public Func<IReadOnlyCollection<KeyValuePair<ObjectKey, long>>>? PendingAlarms { get; set; }

    /// <summary>The data folder's full path.</summary>
    public string Folder => _folder.Path;

    /// <summary>Databases open now.</summary>
    public int OpenCount => _open.Count;

    /// <summary>The node's log, for its figures.</summary>
    public NodeLog Log => _log;

    /// <summary>The newest failure of a commit, flush or checkpoint that has not been made good yet; null if all is well.</summary>
    public StorageException? Trouble => _log.Trouble ?? _checkpointer.Trouble;

    internal string CheckpointPath => Path.Combine(_folder.Path, "checkpoint");

    /// <summary>Opens the folder and reads the log behind the last checkpoint.</summary>
    /// <exception cref="StorageException">The folder is held, too new, not writable, or damaged in a way that cannot be told apart by object.</exception>
    public static NodeStorage Open(NodeStorageOptions options, TimeProvider time, ILogger<NodeStorage> logger)
    {
        var folder = DataFolder.Acquire(options.Folder);
        try
        {
            return new NodeStorage(options, folder, time, logger);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private NodeLog OpenLog(LogPosition start)
    {
        Dictionary<ObjectKey, List<(LogPosition Position, ulong Epoch, ulong Txid, long Alarm)>> found = [];
        var log = NodeLog.Open(
            new NodeLogOptions { Folder = Path.Combine(_folder.Path, "log"), SegmentBytes = _options.LogSegmentBytes, Files = _options.LogFiles },
            start,
            _time,
            _logger,
            entry =>
            {
                var header = entry.Header;
                if (!found.TryGetValue(header.Key, out var list))
                {
                    found[header.Key] = list = [];
                }

                // A record whose confirmation failed may be in the log all the same. The object went on without it,
                // in a higher epoch, with the same transaction number: that one counts.
                while (list.Count > 0 && list[^1].Txid >= header.Txid)
                {
                    list.RemoveAt(list.Count - 1);
                }

                list.Add((entry.Position, header.Epoch, header.Txid, header.AlarmMs));
            });

        foreach (var (key, list) in found)
        {
            _unredone[key] = list.ConvertAll(static r => r.Position);
            if (list[^1].Alarm != 0)
            {
                _alarmsFound[key] = list[^1].Alarm;
            }
            else
            {
                _alarmsFound.Remove(key);
            }
        }

        foreach (var damage in log.Damage)
        {
            var error = new StorageDamagedException(damage.Path, damage.Offset, damage.Message);
            if (!damage.RecordsLost)
            {
                LogBookkeepingDamage(_logger, damage.Path, damage.Offset, damage.Message);
                continue;
            }

            if (damage.Object is not { } key)
            {
                // Records of nobody knows whom are lost: going on could serve an old state as if it were the newest.
                throw error;
            }

            LogLostRecords = true;
            _damaged[key] = error;
            LogDamage(_logger, key.ToString(), damage.Path, damage.Offset);
        }

        return log;
    }

    /// <summary>Hands over the alarms that were pending when the node stopped. Once, before objects run.</summary>
    public IReadOnlyDictionary<ObjectKey, long> TakeAlarms()
    {
        var alarms = new Dictionary<ObjectKey, long>(_alarmsFound);
        _alarmsFound.Clear();
        return alarms;
    }

    /// <summary>Opens one database. One that was never written has no files and costs nothing.</summary>
    /// <exception cref="InvalidOperationException">It is open already.</exception>
    /// <exception cref="StorageException">A file is damaged, or cannot be read.</exception>
    public PageStore OpenDatabase(ObjectKey key, IConfirmationListener listener)
    {
        lock (OpeningLock(key))
        {
            if (_open.ContainsKey(key))
            {
                throw new InvalidOperationException($"The database of {key} is open already.");
            }

            var store = Load(key, listener);
            _open[key] = store;
            return store;
        }
    }

    // Striped: the background redo of an object must not meet its first request half way.
    private Lock OpeningLock(ObjectKey key) => _opening[(uint)key.GetHashCode() % (uint)_opening.Length];

    private PageStore Load(ObjectKey key, IConfirmationListener listener)
    {
        if (_damaged.TryGetValue(key, out var damage))
        {
            throw damage;
        }

        var redo = _unredone.GetValueOrDefault(key);
        var files = new DatabaseFiles(PathOf(key));
        try
        {
            var loaded = files.Load(verify: redo is null);
            var (state, last, sums) = loaded ?? (default(PageState) with { Checksum = LtxChecksum.Flag }, default, []);
            var checksums = new PageChecksums(sums, redo is null ? state.PageCount : (uint)sums.Length);
            var store = new PageStore(this, key, files, new LogStream(key, last), state, checksums, listener);
            if (redo is null)
            {
                store.RaiseEpoch(_failedEpochs.GetValueOrDefault(key));
                return store;
            }

            foreach (var position in redo)
            {
                var entry = _log.Read(position);
                store.Redo(entry.Header, position, entry.Payload, $"log record {position}");
            }

            store.VerifyRedo();
            store.RaiseEpoch(_failedEpochs.GetValueOrDefault(key));
            store.Flush();
            _unredone.TryRemove(key, out _);
            return store;
        }
        catch (StorageDamagedException e)
        {
            files.Dispose();
            _damaged.TryAdd(key, e);
            throw;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Closes a database whose commits have settled: its confirmed pages go to the file, failed ones are dropped.</summary>
    public void CloseDatabase(PageStore store)
    {
        if (!store.WhenSettled().IsCompleted)
        {
            throw new InvalidOperationException($"The database of {store.Key} has commits on their way; await {nameof(PageStore.WhenSettled)} first.");
        }

        try
        {
            store.Flush();
        }
        catch (StorageException e)
        {
            // The log has it all; redoing it from there is what a start after a crash does too.
            LogFlushFailed(_logger, e, store.Key.ToString());
            _checkpointer.Report(e);
            RememberUnflushed(store);
        }
        finally
        {
            store.Close();
            _open.TryRemove(new KeyValuePair<ObjectKey, PageStore>(store.Key, store));
        }
    }

    /// <summary>
    /// A commit of this epoch has failed: its number must not be used again, even if no commit of it was ever confirmed,
    /// for the log takes nothing more of a failed epoch, and a restart tells the failed record from its successor by it.
    /// </summary>
    internal void EpochFailed(ObjectKey key, ulong epoch) =>
        _failedEpochs.AddOrUpdate(key, epoch, (_, known) => Math.Max(known, epoch));

    private void RememberUnflushed(PageStore store)
    {
        List<LogPosition> positions = [];
        try
        {
            var at = store.ConfirmedPosition;
            while (!at.IsNone && _log.Read(at) is var entry && entry.Header.Txid > store.FlushedTransaction)
            {
                positions.Add(at);
                at = entry.Header.Previous;
            }
        }
        catch (StorageException e)
        {
            // Neither the file nor the log can be read now: the object is not served before the next start has redone it.
            _damaged[store.Key] = e as StorageDamagedException
                ?? new StorageDamagedException(PathOf(store.Key), 0, $"it could not be written, and the log could not be read: {e.Message}");
        }

        positions.Reverse();
        _unredone[store.Key] = positions;
    }

    /// <summary>True if the object has ever written.</summary>
    public bool Exists(ObjectKey key) =>
        _unredone.ContainsKey(key)
        || (_open.TryGetValue(key, out var store) && store.Confirmed.Transaction > 0)
        || File.Exists(PathOf(key) + ".pages");

    /// <summary>Ids of a namespace's objects that have written, ascending, greater than <paramref name="after"/>.</summary>
    public IEnumerable<Id256> Enumerate(string @namespace, Id256? after)
    {
        var ids = new SortedSet<Id256>();
        var folder = Path.Combine(_folder.Path, "objects", @namespace);
        if (Directory.Exists(folder))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.pages", SearchOption.AllDirectories))
            {
                if (Id256.TryParse(Path.GetFileNameWithoutExtension(file.AsSpan()), out var id))
                {
                    ids.Add(id);
                }
            }
        }

        ids.UnionWith(_unredone.Keys.Where(k => k.Namespace == @namespace).Select(k => k.Id));
        ids.UnionWith(_open.Values.Where(s => s.Key.Namespace == @namespace && s.Confirmed.Transaction > 0).Select(s => s.Key.Id));
        return after is { } from ? ids.Where(id => id > from) : ids;
    }

    /// <summary>Makes all that is confirmed durable in the database files, so that the next start has nothing to redo.</summary>
    public Task CheckpointAsync(CancellationToken cancel) => _checkpointer.RunAsync(cancel);

    // The first byte of an id may hold its jurisdiction, so the second spreads the files over folders.
    internal string PathOf(ObjectKey key)
    {
        var id = key.Id.ToString();
        return Path.Combine(_folder.Path, "objects", key.Namespace, id[2..4], id);
    }

    internal ICollection<PageStore> OpenStores => _open.Values;

    /// <summary>The objects whose records behind the checkpoint have not been redone yet.</summary>
    internal IEnumerable<ObjectKey> Unredone => _unredone.Keys;

    /// <summary>
    /// True if the log behind the checkpoint has lost records: a checkpoint that passed them would make the next start
    /// take their objects' old states for the newest.
    /// </summary>
    internal bool LogLostRecords { get; private set; }

    /// <summary>Redoes a crashed object's records without keeping it open. False if it is open, or damaged.</summary>
    internal bool TryRedo(ObjectKey key)
    {
        lock (OpeningLock(key))
        {
            if (_open.ContainsKey(key) || !_unredone.ContainsKey(key))
            {
                return false;
            }

            try
            {
                Load(key, NoListener.Instance).Close();
                return true;
            }
            catch (StorageDamagedException)
            {
                return false;
            }
        }
    }

    internal long NextTimestamp(long previousMs) => Math.Max(previousMs, _time.GetUtcNow().ToUnixTimeMilliseconds());

    internal void CheckWritable(PageStore store, int pages)
    {
        if ((long)pages * IPageFile.PageSize > _options.TransactionBytesMax)
        {
            throw new StorageException($"The transaction writes {pages} pages; at most {_options.TransactionBytesMax / IPageFile.PageSize} are allowed. Split it into several.");
        }

        if (store.OverlayPages > _options.UnflushedPagesMax && Trouble is { } trouble)
        {
            throw new StorageException($"Writing is stopped until the disk accepts writes again: {trouble.Message}", trouble);
        }
    }

    internal ArraySegment<byte> Encode(in PageState before, in PageState after, SortedList<uint, byte[]> pages) =>
        RecordEncoder.Encode(before, after, pages);

    internal void Append(AppendRequest request) => _log.Append(request);

    internal void OverlayGrew(PageStore store)
    {
        if (store.OverlayPages > _options.UnflushedPagesMax)
        {
            _checkpointer.RequestFlush(store);
        }
    }

    /// <summary>Flushes, checkpoints and closes. Open databases are closed with what is confirmed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        try
        {
            foreach (var store in _open.Values)
            {
                await store.WhenSettled().ConfigureAwait(false);
                CloseDatabase(store);
            }

            await _checkpointer.StopAsync().ConfigureAwait(false);
        }
        finally
        {
            await _log.DisposeAsync().ConfigureAwait(false);
            _folder.Dispose();
        }
    }

    private sealed class NoListener : IConfirmationListener
    {
        public static readonly NoListener Instance = new();

        public void Confirmed(ulong transaction)
        {
        }

        public void Failed(StorageException error)
        {
        }
    }

    [LoggerMessage(1001, LogLevel.Error, "Object {Key} is damaged: {Path} at byte {Offset}. It will not be served.")]
    private static partial void LogDamage(ILogger logger, string key, string path, long offset);

    [LoggerMessage(1003, LogLevel.Error, "The log's own bookkeeping in {Path} at byte {Offset} is damaged: {Message}. All records were found.")]
    private static partial void LogBookkeepingDamage(ILogger logger, string path, long offset, string message);

    [LoggerMessage(1002, LogLevel.Warning, "Flushing object {Key} failed; the log keeps its data.")]
    private static partial void LogFlushFailed(ILogger logger, Exception error, string key);
}
