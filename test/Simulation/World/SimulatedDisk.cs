using Skerry.Simulation.Fleet;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.World;

/// <summary>
/// A node's disk: an append-only file of which a crash keeps what was synced, and of what was not any prefix, the last of it
/// torn. It may be full, syncs may be slow, and what was synced may become illegible.
/// </summary>
internal sealed class SimulatedDisk(Random random)
{
    private readonly List<DiskEntry> _entries = [];
    private readonly Dictionary<SessionId, List<(DiskEntry.Stored Entry, int At)>> _frames = [];
    private readonly Dictionary<SessionId, List<int>> _seals = [];
    private int _synced;

    /// <summary>Takes no more frames; seals are small enough for the reserve.</summary>
    public bool IsFull { get; set; }

    /// <summary>The longest that a sync takes, ms.</summary>
    public double SyncMax { get; set; } = 20;

    /// <summary>The copies of objects' databases, which are never synced and may be of any age.</summary>
    public Dictionary<ObjectKey, RegisterCopy> Copies { get; } = [];

    public IReadOnlyList<DiskEntry> Entries => _entries;

    /// <summary>True from when something on it became illegible until its node has become another one.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>True if anything on it was ever illegible.</summary>
    public bool WasDamaged { get; private set; }

    /// <summary>Told when something that was durable is not there any more.</summary>
    public Action? Lost { get; set; }

    public bool TryAppend(DiskEntry entry)
    {
        if (IsFull && entry is DiskEntry.Stored)
        {
            return false;
        }

        if (entry is DiskEntry.Stored stored)
        {
            if (!_frames.TryGetValue(entry.Session, out var frames))
            {
                _frames.Add(entry.Session, frames = []);
            }

            frames.Add((stored, _entries.Count));
        }
        else if (entry is DiskEntry.Sealed)
        {
            if (!_seals.TryGetValue(entry.Session, out var seals))
            {
                _seals.Add(entry.Session, seals = []);
            }

            seals.Add(_entries.Count);
        }

        _entries.Add(entry);
        return true;
    }

    /// <summary>Makes what has been appended so far durable, and then goes on; in the process that asked.</summary>
    public void Sync(Machine machine, Action done)
    {
        var upTo = _entries.Count;
        machine.After(random.Skewed(0.2, SyncMax), () =>
        {
            _synced = Math.Max(_synced, upTo);
            done();
        });
    }

    /// <summary>The machine has lost power.</summary>
    public void Crash()
    {
        var kept = _synced + random.Next(_entries.Count - _synced + 1);
        var torn = kept < _entries.Count && random.Happens(0.5) ? 1 : 0;
        Cut(kept + torn);
        if (torn > 0)
        {
            _entries[kept].Damage(random);
        }

        _synced = kept;
        Lost?.Invoke();
    }

    /// <summary>The process has died, and the machine has not: what was written is kept.</summary>
    public void ProcessDied() => _synced = _entries.Count;

    /// <summary>What a process finds when it starts: a torn end, which it cuts, and damage.</summary>
    /// <returns>What is damaged; null if nothing is.</returns>
    public string? Recover()
    {
        // What is illegible at the end was not synced: this disk damages nothing there.
        if (_entries is [.., { IsLegible: false }])
        {
            Cut(_entries.Count - 1);
        }

        _synced = _entries.Count;
        var at = _entries.FindIndex(static entry => !entry.IsLegible);
        return at < 0 ? null : $"entry {at} of {_entries.Count} of the follower's log is damaged";
    }

    /// <summary>Something that was synced becomes illegible; not the end, which nothing could tell from a torn one.</summary>
    /// <returns>What has become illegible; null if there is nothing.</returns>
    public DiskEntry? Damage()
    {
        if (_synced < 2)
        {
            return null;
        }

        // Rather something new, which is not in the bucket yet.
        var back = random.Happens(0.7) ? Math.Min(_synced - 1, 12) : _synced - 1;
        var entry = _entries[_synced - 2 - random.Next(back)];
        entry.Damage(random);
        IsDamaged = WasDamaged = true;
        Lost?.Invoke();
        return entry;
    }

    /// <summary>What a process that knows no better makes of damage: what is illegible has never been there.</summary>
    public void ForgetDamage()
    {
        var legible = _entries.Where(static entry => entry.IsLegible).ToArray();
        Cut(0);
        Array.ForEach(legible, entry => TryAppend(entry));
        _synced = _entries.Count;
        IsDamaged = false;
        Lost?.Invoke();
    }

    /// <summary>Another disk, or a new folder on this one.</summary>
    public void Wipe()
    {
        Cut(0);
        _synced = 0;
        IsDamaged = false;
        Lost?.Invoke();
    }

    /// <summary>Whether a loss of power would leave records from one to another, whole.</summary>
    public bool Holds(SessionId session, ulong from, ulong to)
    {
        if (!_frames.TryGetValue(session, out var frames))
        {
            return false;
        }

        for (var i = frames.Count - 1; i >= 0; i--)
        {
            var (entry, at) = frames[i];
            var frame = entry.Frame;
            if (at < _synced && !entry.IsDamaged && frame.First <= to && frame.Last >= to)
            {
                if (frame.First <= from)
                {
                    return true;
                }

                to = frame.First - 1;
            }
        }

        return false;
    }

    /// <summary>Whether a loss of power would leave a seal of a session.</summary>
    public bool HasSealed(SessionId session) => SealOf(session) is not null;

    /// <summary>Whether a record of a session was stored after a seal that a loss of power would leave.</summary>
    public bool HasStoredBehindSeal(SessionId session, ulong sequence) =>
        SealOf(session) is { } seal && _frames.TryGetValue(session, out var frames)
        && frames.Exists(frame => frame.At > seal && frame.Entry.Frame.First <= sequence && frame.Entry.Frame.Last >= sequence);

    private int? SealOf(SessionId session) =>
        _seals.TryGetValue(session, out var seals) && seals.FindIndex(at => at < _synced && !_entries[at].IsDamaged) is var first and >= 0 ? seals[first] : null;

    private void Cut(int length)
    {
        _entries.RemoveRange(length, _entries.Count - length);
        foreach (var frames in _frames.Values)
        {
            frames.RemoveAll(frame => frame.At >= length);
        }

        foreach (var seals in _seals.Values)
        {
            seals.RemoveAll(at => at >= length);
        }
    }
}
