using Skerry.Storage;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>Settings of the durable objects of one process. Validated at start, all faults at once.</summary>
public sealed class SkerryOptions
{
    /// <summary>Where the data lives. Default <c>data</c> in the working folder.</summary>
    public string DataFolder
    {
        get => Storage.Folder;
        set => Storage.Folder = value;
    }

    /// <summary>The storage underneath: log, checkpoints, history.</summary>
    public NodeStorageOptions Storage { get; } = new();

    /// <summary>The bucket and followers that make confirmed writes survive this machine; null for a node that is alone. Default null.</summary>
    public SkerryRelayOptions? Relay { get; set; }

    /// <summary>What SQL of objects may use. Default: the limits of the field, of which users most often raise the bound parameters.</summary>
    public SqliteLimits SqlLimits { get; set; } = new();

    /// <summary>How long an object stays in memory with nothing to do. Default 10 s. Its WebSockets stay open beyond that.</summary>
    public TimeSpan IdleEvict { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long <c>BlockConcurrencyWhile</c> may take before the object is reset. Default 30 s.</summary>
    public TimeSpan CriticalSectionTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an alarm's handler may take. Default 15 minutes; then it counts as failed, for an internal reason.</summary>
    public TimeSpan AlarmTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Databases open at once. Default 1,000: each takes a file handle and about 100 KB. Others close and reopen as needed.</summary>
    public int OpenDatabasesMax { get; set; } = 1_000;

    /// <summary>Objects in memory at once. Default 20,000; beyond that the longest unused leave early.</summary>
    public int ActiveObjectsMax { get; set; } = 20_000;

    /// <summary>Calls that may wait for one object before further ones are refused as overload. Default 10,000.</summary>
    public int QueuedCallsMax { get; set; } = 10_000;

    /// <summary>Bytes of unconfirmed writes after which an object takes no new events until half of them are confirmed. Default 16 MiB.</summary>
    public long UnconfirmedBytesMax { get; set; } = 16 << 20;

    /// <summary>Alarm handlers that may run at once. Default 64.</summary>
    public int ConcurrentAlarmsMax { get; set; } = 64;

    /// <summary>Objects that are brought into memory at once, if that takes more than opening a local file. Default 64; further ones wait, those that were called first.</summary>
    public int ConcurrentStartsMax { get; set; } = 64;

    /// <summary>How this node joins others; null if it is alone, which is the default.</summary>
    public SkerryClusterOptions? Cluster { get; set; }

    /// <summary>The pause before an alarm's first retry; null for the documented 2 s.</summary>
    internal TimeSpan? AlarmRetryFirst { get; set; }

    internal IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(DataFolder))
        {
            yield return "DataFolder is empty; give a folder that this process may write to.";
        }

        if (IdleEvict <= TimeSpan.Zero)
        {
            yield return $"IdleEvict is {IdleEvict}; it must be more than zero.";
        }

        if (CriticalSectionTimeout <= TimeSpan.Zero)
        {
            yield return $"CriticalSectionTimeout is {CriticalSectionTimeout}; it must be more than zero.";
        }

        foreach (var (name, value, min) in new (string, long, long)[]
        {
            (nameof(OpenDatabasesMax), OpenDatabasesMax, 1),
            (nameof(ActiveObjectsMax), ActiveObjectsMax, 1),
            (nameof(QueuedCallsMax), QueuedCallsMax, 1),
            (nameof(UnconfirmedBytesMax), UnconfirmedBytesMax, 1 << 16),
            (nameof(ConcurrentAlarmsMax), ConcurrentAlarmsMax, 1),
            (nameof(ConcurrentStartsMax), ConcurrentStartsMax, 1),
        })
        {
            if (value < min)
            {
                yield return $"{name} is {value}; it must be at least {min}.";
            }
        }

        if (Cluster is { HasHomeOfItsOwn: false } && Relay is null)
        {
            yield return "Cluster is set and Relay is not: an object that moves to another node would find nothing there. Give a bucket and the way to other nodes.";
        }

        foreach (var fault in Cluster?.Faults() ?? [])
        {
            yield return fault;
        }
    }
}
