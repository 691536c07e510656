using System.Collections.Concurrent;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Alarms;

/// <summary>
/// The alarms that a session looks after, in memory and in its file in the bucket. A due alarm only wakes an object, which
/// then reads in its own database whether it really is due: so an entry too many, or one that is too early, does no
/// harm, and an object that moves away leaves its entry here until it has been woken once, and the session that has it
/// says that it looks after the alarm itself. What may never happen is that an alarm is in no session's file and in no
/// record that a takeover would read. On the loop only, unless it says otherwise.
/// </summary>
public sealed class SessionAlarms
{
    private const string Folder = "alarms/";

    private readonly ControlPlane _plane;
    private readonly IBucket _bucket;
    private readonly IObjectHost _host;
    private readonly CasRecords<AlarmTable> _files;
    private readonly ConcurrentDictionary<ObjectKey, long> _alarms = new();
    private long _adoptions;
    private long _changes;
    private long _written;
    private string? _etag;
    private Task? _writing;

    /// <summary>Creates the table of this session, empty.</summary>
    public SessionAlarms(ControlPlane plane, IBucket bucket, IObjectHost host)
    {
        (_plane, _bucket, _host) = (plane, bucket, host);
        _files = new CasRecords<AlarmTable>(bucket, plane.Time, plane.Random, AlarmTable.Write, AlarmTable.Read);
    }

    /// <summary>The pending alarms. A view.</summary>
    public IReadOnlyDictionary<ObjectKey, long> Pending => _alarms;

    /// <summary>Where a session's alarms are.</summary>
    public static string KeyOf(SessionId session) => Folder + session;

    /// <summary>The alarm that the table has of an object; 0 for none. From any thread.</summary>
    public long DueOf(ObjectKey key) => _alarms.GetValueOrDefault(key);

    /// <summary>An object's alarm after a confirmed transaction; 0 for none.</summary>
    public void Set(ObjectKey key, long dueMs)
    {
        if (dueMs == 0 ? _alarms.TryRemove(key, out _) : !_alarms.TryGetValue(key, out var known) || known != dueMs)
        {
            if (dueMs != 0)
            {
                _alarms[key] = dueMs;
            }

            _changes++;
        }
    }

    /// <summary>
    /// Looks after alarms of another session from now on. They are in this session's file when this returns. An
    /// alarm that is known already and due earlier stays.
    /// </summary>
    public async Task AdoptAsync(IReadOnlyDictionary<ObjectKey, long> alarms, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(alarms);
        Interlocked.Increment(ref _adoptions);
        foreach (var (key, due) in alarms)
        {
            if (due != 0 && !(_alarms.TryGetValue(key, out var known) && known <= due))
            {
                Set(key, due);
                _host.AdoptAlarm(key, due);
            }
        }

        await FlushAsync(cancel);
    }

    /// <summary>
    /// An alarm is due, and its object is about to be woken. The result is to be called, on the loop, with the alarm that is
    /// to be looked after here in its place, 0 for none; an entry that was adopted or set anew meanwhile stays. Itself from
    /// any thread.
    /// </summary>
    public Action<long> BeginWake(ObjectKey key, long dueMs)
    {
        var adoptions = Interlocked.Read(ref _adoptions);
        return instead =>
        {
            if (adoptions == _adoptions && _alarms.TryGetValue(key, out var known) && known <= dueMs)
            {
                Set(key, instead);
            }
        };
    }

    /// <summary>Writes the file if it lacks anything. Callers at the same time share a write.</summary>
    public async Task FlushAsync(CancellationToken cancel)
    {
        var wanted = _changes;
        while (_written < wanted)
        {
            if (_writing is not { IsCompleted: false })
            {
                _writing = WriteAsync();
            }

            await _writing.WaitAsync(cancel);
        }
    }

    /// <summary>The alarms in a session's file; empty if it has none.</summary>
    /// <exception cref="StorageException">The file is damaged, or a newer version wrote it.</exception>
    public async Task<IReadOnlyDictionary<ObjectKey, long>> ReadAsync(SessionId session, CancellationToken cancel) =>
        await _files.ReadAsync(KeyOf(session), cancel) is { } found ? found.Value.Alarms : new Dictionary<ObjectKey, long>();

    /// <summary>The sessions that have a file.</summary>
    public async Task<IReadOnlyCollection<SessionId>> ListAsync(CancellationToken cancel)
    {
        List<SessionId> sessions = [];
        await foreach (var entry in _bucket.ListAsync(Folder, null, cancel))
        {
            if (SessionId.TryParse(entry.Key[Folder.Length..], out var session))
            {
                sessions.Add(session);
            }
        }

        return sessions;
    }

    /// <summary>Removes the file of a session whose alarms somebody else looks after.</summary>
    public Task RemoveAsync(SessionId session, CancellationToken cancel) => _bucket.DeleteAsync([KeyOf(session)], cancel);

    /// <summary>Writes the file now and then, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _plane.DelayAsync(_plane.Options.AlarmsInterval, cancel);
            try
            {
                await FlushAsync(cancel);
            }
            catch (StorageException)
            {
                // It stays unwritten, so it is tried again; before every bundle it has to succeed, and there it is told.
            }
        }
    }

    // By compare-and-swap, although nobody else writes the file: a write whose outcome is unknown may arrive after the
    // next one, and must not undo it.
    private async Task WriteAsync()
    {
        var table = new AlarmTable(_changes, new Dictionary<ObjectKey, long>(_alarms));
        var outcome = await _files.SwapAsync(KeyOf(_plane.Self.Session), table, _etag, _plane.Stopping);
        _etag = outcome.Current?.ETag;
        _written = outcome.Swapped ? table.Number : _written;
    }
}
