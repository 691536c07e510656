using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;

namespace Skerry.Storage;

/// <summary>
/// The storage of a node that is alone: its own synced log is where truth is.
/// </summary>
/// <remarks>
/// A commit is durable when its record is in the log. Files follow: a page is written to its file some time after it
/// was confirmed, and a checkpoint makes all files durable and remembers the log position they reflect. After a crash
/// the records behind that position are redone, each object's when it is first opened, or in the background.
/// </remarks>
internal sealed partial class StandaloneStorage : NodeStorage
{
    private readonly NodeLog _log;
    private readonly LogHistory _history;
    private readonly Checkpointer _checkpointer;
    private readonly ConcurrentDictionary<ObjectKey, List<LogPosition>> _unredone = new();
    private readonly ConcurrentDictionary<ObjectKey, StorageDamagedException> _damaged = new();
    private readonly Dictionary<ObjectKey, long> _alarmsFound = [];

    public StandaloneStorage(NodeStorageOptions options, DataFolder folder, TimeProvider time, ILogger logger)
        : base(options, folder, time, logger)
    {
        var start = CheckpointFile.Read(CheckpointPath, (key, due) => _alarmsFound[key] = due);
        _log = OpenLog(start);
        _history = new LogHistory(_log, options, Path.Combine(folder.Path, "snapshots"), time, logger);
        _checkpointer = new Checkpointer(this, _log, options, time, logger, start);
    }

    public override History History => _history;

    public override NodeLog Log => _log;

    public override StorageException? Trouble => _log.Trouble ?? _checkpointer.Trouble;

    public string CheckpointPath => Path.Combine(Folder, "checkpoint");

    /// <summary>The objects whose records behind the checkpoint have not been redone yet.</summary>
    public IEnumerable<ObjectKey> Unredone => _unredone.Keys;

    /// <summary>
    /// True if the log behind the checkpoint has lost records: a checkpoint that passed them would make the next start
    /// take their objects' old states for the newest.
    /// </summary>
    public bool LogLostRecords { get; private set; }

    private NodeLog OpenLog(LogPosition start)
    {
        Dictionary<ObjectKey, List<(LogPosition Position, ulong Epoch, ulong Txid, long Alarm)>> found = [];
        var log = NodeLog.Open(
            new NodeLogOptions { Folder = Path.Combine(Folder, "log"), SegmentBytes = Options.LogSegmentBytes, Files = Options.LogFiles },
            start,
            Time,
            Logger,
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
                LogBookkeepingDamage(Logger, damage.Path, damage.Offset, damage.Message);
                continue;
            }

            if (damage.Object is not { } key)
            {
                // Records of nobody knows whom are lost: going on could serve an old state as if it were the newest.
                throw error;
            }

            LogLostRecords = true;
            _damaged[key] = error;
            LogDamage(Logger, key.ToString(), damage.Path, damage.Offset);
        }

        return log;
    }

    public override IReadOnlyDictionary<ObjectKey, long> TakeAlarms()
    {
        var alarms = new Dictionary<ObjectKey, long>(_alarmsFound);
        _alarmsFound.Clear();
        return alarms;
    }

    private protected override PageStore Load(ObjectKey key, IConfirmationListener listener)
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
                return store;
            }

            foreach (var position in redo)
            {
                var entry = _log.Read(position);
                store.Redo(entry.Header, position, entry.Payload, $"log record {position}");
            }

            store.VerifyRedo();
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

    // The log has it all; redoing it from there is what a start after a crash does too.
    private protected override void Unflushed(PageStore store, StorageException error)
    {
        _checkpointer.Report(error);
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

    public override bool Exists(ObjectKey key) => _unredone.ContainsKey(key) || base.Exists(key);

    public override IEnumerable<Id256> Enumerate(string @namespace, Id256? after)
    {
        var ids = new SortedSet<Id256>(base.Enumerate(@namespace, after));
        ids.UnionWith(_unredone.Keys.Where(k => k.Namespace == @namespace && !(k.Id <= after)).Select(k => k.Id));
        return ids;
    }

    public override Task CheckpointAsync(CancellationToken cancel) => _checkpointer.RunAsync(cancel);

    /// <summary>Redoes a crashed object's records without keeping it open. False if it is open, or damaged.</summary>
    public bool TryRedo(ObjectKey key)
    {
        lock (OpeningLock(key))
        {
            if (IsOpen(key) || !_unredone.ContainsKey(key))
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

    /// <summary>Removes what the history does not retain any more.</summary>
    public void TrimHistory(LogPosition checkpoint, CancellationToken cancel) => _history.Trim(checkpoint, cancel);

    internal override void Append(AppendRequest request) => _log.Append(request);

    private protected override void RequestFlush(PageStore store) => _checkpointer.RequestFlush(store);

    private protected override async ValueTask StopAsync()
    {
        try
        {
            await _checkpointer.StopAsync().ConfigureAwait(false);
        }
        finally
        {
            await _log.DisposeAsync().ConfigureAwait(false);
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
}
