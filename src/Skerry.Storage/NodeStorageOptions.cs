namespace Skerry.Storage;

/// <summary>Settings of a node's storage. Validated when the storage is opened.</summary>
public sealed class NodeStorageOptions
{
    /// <summary>The data folder; created if missing. Default <c>./data</c>.</summary>
    public string Folder { get; set; } = "data";

    /// <summary>Bytes of one log segment. Default 64 MiB; 1 MiB to 1 GiB.</summary>
    public int LogSegmentBytes { get; set; } = 64 << 20;

    /// <summary>Log bytes after which a checkpoint begins: what a start after a crash has to replay. Default 64 MiB.</summary>
    public long CheckpointBytes { get; set; } = 64 << 20;

    /// <summary>The longest time between a write and the checkpoint that covers it. Default 1 minute.</summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of pages one transaction may write. Default 256 MiB: a transaction is held in memory until it is confirmed.</summary>
    public long TransactionBytesMax { get; set; } = 256L << 20;

    /// <summary>Committed pages of one database held in memory before they are written to its file. Default 256 (1 MiB).</summary>
    public int UnflushedPagesMax { get; set; } = 256;

    /// <summary>How far back point-in-time restore reaches. Default 30 days.</summary>
    public TimeSpan HistoryRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Bytes of log kept for point-in-time restore; the oldest goes first. Default 16 GiB; null for no bound.</summary>
    public long? HistoryBytesMax { get; set; } = 16L << 30;

    /// <summary>The log's seam to the file system; tests of slow and failing disks replace it.</summary>
    internal Log.LogFiles LogFiles { get; set; } = new();
}
