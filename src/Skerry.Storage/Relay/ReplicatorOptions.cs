using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>Settings of a session's data path.</summary>
public sealed class ReplicatorOptions
{
    /// <summary>The spool's folder. What an earlier session left there is removed.</summary>
    public required string Folder { get; init; }

    /// <summary>See <see cref="NodeLogOptions.SegmentBytes"/>.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>See <see cref="NodeLogOptions.QueueBytesMax"/>: what is not confirmed yet counts.</summary>
    public long QueueBytesMax { get; init; } = 256L << 20;

    /// <summary>The most bytes of records in one frame, unless a single record is larger; 1 MiB by default, a few milliseconds of a network.</summary>
    public int FrameBytesMax { get; init; } = 1 << 20;

    /// <summary>See <see cref="NodeLogOptions.BatchesInFlightMax"/>.</summary>
    public int FramesInFlightMax { get; init; } = 3;

    /// <summary>Bytes of confirmed writes that may wait for the bucket; beyond that writes fail. By default 4 GiB.</summary>
    public long RetainedBytesMax { get; init; } = 4L << 30;

    /// <summary>Bytes of the newest frames that are kept in memory for the links; by default 16 MiB.</summary>
    public long RingBytesMax { get; init; } = 16L << 20;

    /// <summary>Bytes that one link may have sent without an acknowledgement; by default 8 MiB, what a fast network carries in a sync.</summary>
    public long WindowBytes { get; init; } = 8L << 20;

    /// <summary>How long a link is idle before it sends a heartbeat; 100 ms by default.</summary>
    public TimeSpan HeartbeatEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long to wait for a follower's answer to a hello, or to anything, before the stream is given up; 2 s by default.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a write or read of the session record may take before its outcome counts as unknown; 10 s by default.</summary>
    public TimeSpan RecordTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>By what followers are judged.</summary>
    public RelayLeaderOptions Leader { get; init; } = new();

    internal LogFiles Files { get; init; } = new();
}
