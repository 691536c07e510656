using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Cache;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// The storage of a node with a bucket: what it writes is confirmed by its followers, truth is in the bucket, and its
/// files are a cache of the objects that its session holds.
/// </summary>
internal sealed class RelayedStorage : NodeStorage
{
    private NodeLog? _spool;
    private readonly IBucket _bucket;
    private readonly Func<StorageException?> _uploadTrouble;
    private readonly BackgroundFlusher _flusher;
    private readonly LocalCache _cache;
    private readonly ConcurrentDictionary<ObjectKey, HeldObject> _held = new();
    private readonly Action<ObjectKey, HeldObject> _claimForFirstWrite;
    private readonly DateTime _distrustedBefore;

    /// <param name="options">Sizes and times.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="bucket">Where truth is.</param>
    /// <param name="cacheBytesMax">What the files of databases may take on the disk.</param>
    /// <param name="history">Point-in-time reads.</param>
    /// <param name="uploaded">The sequence up to which the session's records are in the bucket.</param>
    /// <param name="uploadTrouble">Why uploading does not get on; null if it does.</param>
    /// <param name="claimForFirstWrite">Claims an object that has never written, and then calls the held object back.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it tells what happens.</param>
    public RelayedStorage(
        NodeStorageOptions options, DataFolder folder, IBucket bucket, long cacheBytesMax, History history, Func<ulong> uploaded, Func<StorageException?> uploadTrouble,
        Action<ObjectKey, HeldObject> claimForFirstWrite, TimeProvider time, ILogger logger)
        : base(options, folder, time, logger)
    {
        _bucket = bucket;
        _uploadTrouble = uploadTrouble;
        _claimForFirstWrite = claimForFirstWrite;
        _distrustedBefore = NodeIdentity.DistrustedBefore(folder.Path);
        _flusher = new BackgroundFlusher(() => OpenStores, time, logger);
        _cache = new LocalCache(cacheBytesMax, key => (!_held.TryGetValue(key, out var held) || held.LastSequence <= uploaded()) && TryDrop(key));
        History = history;
    }

    public override History History { get; }

    /// <inheritdoc/>
    /// <remarks>There is none before the session has begun.</remarks>
    public override NodeLog Log => _spool ?? throw new InvalidOperationException("The session has not begun.");

    public override StorageException? Trouble => _spool?.Trouble ?? _flusher.Trouble;

    public override StorageException? UploadTrouble => _uploadTrouble();

    public override StorageException? FollowedTrouble => Followed?.Trouble;

    /// <summary>What this node stores for others.</summary>
    public FollowerStore? Followed { get; init; }

    /// <summary>Bytes of the local files.</summary>
    public long CacheBytes => _cache.Bytes;

    // A session starts without any; those of sessions that it takes over come through the objects' host.
    public override IReadOnlyDictionary<ObjectKey, long> TakeAlarms() => new Dictionary<ObjectKey, long>();

    /// <summary>The object as this session holds it; begins to hold it if it does not.</summary>
    public HeldObject Hold(ObjectKey key) => _held.GetOrAdd(key, _ => new HeldObject { IsDistrusted = new LocalCopy(PathOf(key)).ChangedAt < _distrustedBefore });

    /// <summary>The object, if it is this session's and its files are current; null otherwise.</summary>
    public HeldObject? FindReady(ObjectKey key) =>
        _held.TryGetValue(key, out var held) && held is { IsOwned: true, IsCurrent: true, IsLeaving: false } ? held : null;

    /// <summary>How many objects the session knows of.</summary>
    public int HeldCount => _held.Count;

    /// <summary>What the session knows of; entries may come and go meanwhile.</summary>
    public IEnumerable<KeyValuePair<ObjectKey, HeldObject>> AllHeld => _held;

    /// <summary>
    /// Forgets an object that stays this session's, if nothing of it is in use, under way, or known here only.
    /// </summary>
    /// <param name="key">The object.</param>
    /// <param name="held">What is known of it.</param>
    /// <param name="uploaded">Everything up to this is in the bucket.</param>
    /// <param name="release">Drops the claim; false if it is needed.</param>
    public bool TryForget(ObjectKey key, HeldObject held, ulong uploaded, Func<ObjectKey, bool> release)
    {
        // With the lock, so that an activation that begins has either kept the object, or finds nothing of it.
        lock (OpeningLock(key))
        {
            return !_cache.IsKept(key) && !IsOpen(key) && !held.HasWaiting && held is { IsLeaving: false, IsDistrusted: false } && held.LastSequence <= uploaded
                && release(key)
                && _held.TryRemove(new KeyValuePair<ObjectKey, HeldObject>(key, held));
        }
    }

    /// <summary>The object is another session's now.</summary>
    public void LetGo(ObjectKey key)
    {
        if (_held.TryRemove(key, out var held))
        {
            held.Disown();
        }
    }

    /// <summary>The session has begun: this is its log.</summary>
    public void Begin(NodeLog spool)
    {
        _spool = spool;
        _ = Task.Run(CountEarlierCopies);
    }

    // Copies that earlier runs have left take their share too, and what was being rebuilt when one of them ended is rubbish.
    private void CountEarlierCopies()
    {
        try
        {
            var objects = Path.Combine(Folder, "objects");
            foreach (var file in Directory.Exists(objects) ? Directory.EnumerateFiles(objects, "*.pages", SearchOption.AllDirectories) : [])
            {
                var path = file[..^".pages".Length];
                if (Id256.TryParse(Path.GetFileName(path.AsSpan()), out var id))
                {
                    var name = Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(path)))!;
                    _cache.Found(new ObjectKey(name, id), new LocalCopy(path).Bytes);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _flusher.Report(new StorageException($"The local copies in {Folder} cannot be counted: {e.Message}", e));
        }
    }

    /// <summary>Removes the files of an object that has never written, as far as anybody knows.</summary>
    public void DropCopy(ObjectKey key, HeldObject held)
    {
        new LocalCopy(PathOf(key)).Delete();
        held.IsCurrent = true;
        held.IsDistrusted = false;
    }

    /// <summary>Makes the files of an object that is not open hold the newest state in the bucket.</summary>
    public async Task<LocalCopyOutcome> MakeCurrentAsync(ObjectKey key, HeldObject held, ObjectArchive archive, CancellationToken cancel)
    {
        var copy = new LocalCopy(PathOf(key));
        var outcome = await copy.MakeCurrentAsync(archive, held.IsDistrusted, cancel);
        if (held.IsDistrusted && outcome == LocalCopyOutcome.Current)
        {
            copy.Touch();
        }

        held.ProvenTransaction = archive.Newest.Transaction;
        held.IsDistrusted = false;
        held.IsCurrent = true;
        return outcome;
    }

    /// <summary>From now on the object's files are not dropped. Counts; once for each activation.</summary>
    public void Keep(ObjectKey key)
    {
        // With the lock, so that a drop is either over, and has said so, or does not begin.
        lock (OpeningLock(key))
        {
            _cache.Keep(key);
        }
    }

    /// <summary>Undoes one <see cref="Keep"/>.</summary>
    public void KeepNoMore(ObjectKey key) => _cache.KeepNoMore(key, new LocalCopy(PathOf(key)).Bytes);

    /// <summary>Forgets an object that nobody has written, unless a first write is on its way.</summary>
    public void LetGoUnwritten(ObjectKey key, HeldObject held)
    {
        if (!held.HasWaiting && !held.IsOwned)
        {
            _held.TryRemove(new KeyValuePair<ObjectKey, HeldObject>(key, held));
        }
    }

    private protected override PageStore Load(ObjectKey key, IConfirmationListener listener)
    {
        if (!_held.TryGetValue(key, out var held) || !held.IsCurrent)
        {
            throw new ClaimException($"The local copy of {key} is not current any more; the object starts again.");
        }

        var files = new DatabaseFiles(PathOf(key));
        try
        {
            var (state, _, sums) = files.Load(verify: true) ?? (default(PageState) with { Checksum = LtxChecksum.Flag }, default, []);
            if (state.Transaction < held.ProvenTransaction)
            {
                throw new StorageDamagedException(files.PagesPath, 0, $"it has transaction {state.Transaction}, where {held.ProvenTransaction} was proven");
            }

            var store = new PageStore(this, key, files, new LogStream(key, default), state, new PageChecksums(sums, state.PageCount), listener);
            store.RaiseEpoch(held.Epoch - 1);
            return store;
        }
        catch (Exception e)
        {
            files.Dispose();
            if (e is StorageDamagedException)
            {
                PageDamaged(key);
            }

            throw;
        }
    }

    // The bucket has what the file lacks, or will have: the next activation makes the copy anew.
    private protected override void Unflushed(PageStore store, StorageException error)
    {
        _flusher.Report(error);
        if (_held.TryGetValue(store.Key, out var held))
        {
            held.IsCurrent = false;
        }
    }

    private protected override void Closed(PageStore store)
    {
        if (_held.TryGetValue(store.Key, out var held))
        {
            held.LastSequence = Log.ConfirmedSequence;
        }
    }

    internal override void PageDamaged(ObjectKey key)
    {
        if (_held.TryGetValue(key, out var held))
        {
            held.IsCurrent = false;
            held.IsDistrusted = true;
        }
    }

    private bool TryDrop(ObjectKey key)
    {
        lock (OpeningLock(key))
        {
            if (IsOpen(key) || _cache.IsKept(key))
            {
                return false;
            }

            if (_held.TryGetValue(key, out var held))
            {
                held.IsCurrent = false;
            }

            try
            {
                new LocalCopy(PathOf(key)).Delete();
                return true;
            }
            catch (StorageException error)
            {
                _flusher.Report(error);
                return false;
            }
        }
    }

    // Every object that has written has an ownership record, made before its first write was confirmed.
    public override async IAsyncEnumerable<Id256> EnumerateAllAsync(
        string @namespace, Id256? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        // "0" follows "/": what stands after it comes after everything of the object.
        var from = after is { } id ? $"{BucketKeys.Namespace(@namespace)}{id}0" : null;
        Id256? last = null;
        await foreach (var entry in _bucket.ListAsync(BucketKeys.Namespace(@namespace), from, cancel).ConfigureAwait(false))
        {
            if (BucketKeys.TryParseObject(entry.Key, out var key, out _) && key.Id != last)
            {
                yield return key.Id;
                last = key.Id;
            }
        }
    }

    public override Task CheckpointAsync(CancellationToken cancel)
    {
        _flusher.FlushAll();
        return Task.CompletedTask;
    }

    internal override void Append(AppendRequest request)
    {
        var key = request.Stream.Key;
        if (!_held.TryGetValue(key, out var held))
        {
            request.OnFailed(new ClaimException($"{key} belongs to another node now."));
        }
        else if (held.Append(request, Log))
        {
            _claimForFirstWrite(key, held);
        }
    }

    private protected override void RequestFlush(PageStore store) => _flusher.Request(store);

    private protected override async ValueTask StopAsync() => await _flusher.StopAsync().ConfigureAwait(false);
}
