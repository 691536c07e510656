using Skerry.Storage.Relay;

namespace Skerry.Simulation.World;

/// <summary>One entry of a node's follower log.</summary>
internal abstract record DiskEntry(SessionId Session)
{
    internal sealed record Stored(SessionId Session, Frame Frame, bool StartsAnew) : DiskEntry(Session);

    internal sealed record Sealed(SessionId Session, int Epoch) : DiskEntry(Session);

    internal sealed record Dropped(SessionId Session, ulong UpTo) : DiskEntry(Session);

    internal sealed record Forgotten(SessionId Session) : DiskEntry(Session);
}

/// <summary>
/// A node's disk: an append-only file of which a crash keeps what was synced, and of what was not any prefix: the rest is torn
/// or lost. It may be full, and syncs may be slow.
/// </summary>
internal sealed class SimulatedDisk(Random random)
{
    private readonly List<DiskEntry> _entries = [];
    private int _synced;

    /// <summary>Takes no more frames; seals are small enough for the reserve.</summary>
    public bool IsFull { get; set; }

    /// <summary>The longest that a sync takes, ms.</summary>
    public double SyncMax { get; set; } = 20;

    /// <summary>The copies of objects' databases, which are never synced and may be of any age.</summary>
    public Dictionary<Skerry.Storage.ObjectKey, Fleet.RegisterCopy> Copies { get; } = [];

    public IReadOnlyList<DiskEntry> Entries => _entries;

    /// <summary>How many of the entries a loss of power would leave.</summary>
    public int Synced => _synced;

    public bool TryAppend(DiskEntry entry)
    {
        if (IsFull && entry is DiskEntry.Stored)
        {
            return false;
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
        _entries.RemoveRange(kept, _entries.Count - kept);
        _synced = kept;
    }

    /// <summary>The process has died, and the machine has not: what was written is kept.</summary>
    public void ProcessDied() => _synced = _entries.Count;
}
