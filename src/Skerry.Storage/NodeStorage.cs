using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage;

/// <summary>
/// All databases of one node: the log that every commit goes to, the files that confirmed pages are written into, and
/// the history. Thread-safe.
/// </summary>
/// <remarks>
/// What a commit's confirmation means, and where the truth is after a crash, differs: a node that is
/// alone has its own synced log; one with a bucket has followers, and its files are
/// a cache.
/// </remarks>
public abstract partial class NodeStorage : IAsyncDisposable
{
    private readonly DataFolder _folder;
    private readonly ConcurrentDictionary<ObjectKey, PageStore> _open = new();
    private readonly ConcurrentDictionary<ObjectKey, ulong> _failedEpochs = new();
    private readonly Lock[] _opening = [.. Enumerable.Range(0, 64).Select(static _ => new Lock())];
    private int _disposed;

    private protected NodeStorage(NodeStorageOptions options, DataFolder folder, TimeProvider time, ILogger logger)
    {
        Options = options;
        _folder = folder;
        Time = time;
        Logger = logger;
    }

    /// <summary>Point-in-time reads.</summary>
    public abstract History History { get; }

    /// <summary>Who knows the pending alarms, so that they can be saved. Until it is set none are.</summary>
    public Func<IReadOnlyCollection<KeyValuePair<ObjectKey, long>>>? PendingAlarms { get; set; }

    /// <summary>The data folder's full path.</summary>
    public string Folder => _folder.Path;

    /// <summary>Databases open now.</summary>
    public int OpenCount => _open.Count;

    /// <summary>The node's log, for its figures.</summary>
    public abstract NodeLog Log { get; }

    /// <summary>The newest failure of a commit, flush or checkpoint that has not been made good yet; null if all is well.</summary>
    public abstract StorageException? Trouble { get; }

    /// <summary>Why what is confirmed does not get into the bucket; null if it does, or there is none. Writes go on meanwhile.</summary>
    public virtual StorageException? UploadTrouble => null;

    /// <summary>Why nothing can be stored for the leaders that this node follows; null if it can, or it follows nobody. Own writes go on meanwhile.</summary>
    public virtual StorageException? FollowedTrouble => null;

    private protected NodeStorageOptions Options { get; }

    private protected TimeProvider Time { get; }

    private protected ILogger Logger { get; }

    /// <summary>Opens the folder of a node that is alone, and reads the log behind the last checkpoint.</summary>
    /// <exception cref="StorageException">The folder is held, too new, not writable, or damaged in a way that cannot be told apart by object.</exception>
    public static NodeStorage Open(NodeStorageOptions options, TimeProvider time, ILogger<NodeStorage> logger)
    {
        var folder = DataFolder.Acquire(options.Folder);
        try
        {
            return new StandaloneStorage(options, folder, time, logger);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Hands over the alarms that were pending when the node stopped. Once, before objects run.</summary>
    public abstract IReadOnlyDictionary<ObjectKey, long> TakeAlarms();

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
            store.RaiseEpoch(_failedEpochs.GetValueOrDefault(key));
            _open[key] = store;
            return store;
        }
    }

    /// <summary>Brings up the store of a database that is not open. Under the object's opening lock.</summary>
    private protected abstract PageStore Load(ObjectKey key, IConfirmationListener listener);

    // Striped: the background redo of an object must not meet its first request half way.
    private protected Lock OpeningLock(ObjectKey key) => _opening[(uint)key.GetHashCode() % (uint)_opening.Length];

    private protected bool IsOpen(ObjectKey key) => _open.ContainsKey(key);

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
            LogFlushFailed(Logger, e, store.Key.ToString());
            Unflushed(store, e);
        }
        finally
        {
            store.Close();
            _open.TryRemove(new KeyValuePair<ObjectKey, PageStore>(store.Key, store));
            Closed(store);
        }
    }

    /// <summary>A store closes whose confirmed pages could not be written to its file.</summary>
    private protected abstract void Unflushed(PageStore store, StorageException error);

    /// <summary>A store has closed.</summary>
    private protected virtual void Closed(PageStore store)
    {
    }

    /// <summary>
    /// A commit of this epoch has failed: its number must not be used again, even if no commit of it was ever confirmed,
    /// for the log takes nothing more of a failed epoch, and a restart tells the failed record from its successor by it.
    /// </summary>
    internal void EpochFailed(ObjectKey key, ulong epoch) =>
        _failedEpochs.AddOrUpdate(key, epoch, (_, known) => Math.Max(known, epoch));

    /// <summary>True if the object has ever written.</summary>
    public virtual bool Exists(ObjectKey key) =>
        (_open.TryGetValue(key, out var store) && store.Confirmed.Transaction > 0)
        || File.Exists(PathOf(key) + ".pages");

    /// <summary>Ids of a namespace's objects that have files or are open on this node and have written, ascending, greater than <paramref name="after"/>.</summary>
    public virtual IEnumerable<Id256> Enumerate(string @namespace, Id256? after)
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

        ids.UnionWith(_open.Values.Where(s => s.Key.Namespace == @namespace && s.Confirmed.Transaction > 0).Select(s => s.Key.Id));
        return after is { } from ? ids.Where(id => id > from) : ids;
    }

    /// <summary>As <see cref="Enumerate"/>, of the objects of all nodes.</summary>
    /// <exception cref="StorageException">The bucket cannot be read.</exception>
    public virtual IAsyncEnumerable<Id256> EnumerateAllAsync(string @namespace, Id256? after, CancellationToken cancel) =>
        Enumerate(@namespace, after).ToAsyncEnumerable();

    /// <summary>Makes all that is confirmed durable in the database files, so that the next start has nothing to redo.</summary>
    public abstract Task CheckpointAsync(CancellationToken cancel);

    // The first byte of an id may hold its jurisdiction, so the second spreads the files over folders.
    internal string PathOf(ObjectKey key)
    {
        var id = key.Id.ToString();
        return Path.Combine(_folder.Path, "objects", key.Namespace, id[2..4], id);
    }

    internal ICollection<PageStore> OpenStores => _open.Values;

    internal long NextTimestamp(long previousMs) => Math.Max(previousMs, Time.GetUtcNow().ToUnixTimeMilliseconds());

    internal void CheckWritable(PageStore store, int pages)
    {
        if ((long)pages * IPageFile.PageSize > Options.TransactionBytesMax)
        {
            throw new StorageException($"The transaction writes {pages} pages; at most {Options.TransactionBytesMax / IPageFile.PageSize} are allowed. Split it into several.");
        }

        if (store.OverlayPages > Options.UnflushedPagesMax && Trouble is { } trouble)
        {
            throw new StorageException($"Writing is stopped until the disk accepts writes again: {trouble.Message}", trouble);
        }
    }

    internal ArraySegment<byte> Encode(in PageState before, in PageState after, SortedList<uint, byte[]> pages) =>
        RecordEncoder.Encode(before, after, pages);

    /// <summary>A page of the object's file does not match its checksum.</summary>
    internal virtual void PageDamaged(ObjectKey key)
    {
    }

    /// <summary>Sends a record towards its confirmation.</summary>
    internal abstract void Append(AppendRequest request);

    internal void OverlayGrew(PageStore store)
    {
        if (store.OverlayPages > Options.UnflushedPagesMax)
        {
            RequestFlush(store);
        }
    }

    /// <summary>Asks for a flush soon.</summary>
    private protected abstract void RequestFlush(PageStore store);

    /// <summary>Flushes and closes. Open databases are closed with what is confirmed.</summary>
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
        }
        finally
        {
            await StopAsync().ConfigureAwait(false);
            _folder.Dispose();
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Ends the background work and closes the log, after the databases.</summary>
    private protected abstract ValueTask StopAsync();

    [LoggerMessage(1002, LogLevel.Warning, "Flushing object {Key} failed; nothing confirmed is lost.")]
    private static partial void LogFlushFailed(ILogger logger, Exception error, string key);
}
