using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>Settings of what a node stores for others.</summary>
public sealed class FollowerStoreOptions
{
    /// <summary>The folder for nothing but this store. Created if missing.</summary>
    public required string Folder { get; init; }

    /// <summary>See <see cref="NodeLogOptions.SegmentBytes"/>.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of frames that may wait for the disk, of all leaders together; beyond that their streams are held up. By
    /// default 32 MiB, which keeps a disk busy for longer than a sync takes.
    /// </summary>
    public long PendingBytesMax { get; init; } = 32L << 20;

    /// <summary>See <see cref="RelayLeaderOptions.LeaseDuration"/>.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often files are looked at that may not be needed any more.</summary>
    public TimeSpan TrimEvery { get; init; } = TimeSpan.FromSeconds(1);

    internal LogFiles Files { get; init; } = new();
}
