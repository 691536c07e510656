using System.Security.Cryptography;

namespace Skerry.Storage.Log;

/// <summary>Settings of a node's log. Checked by <see cref="NodeLog.Open"/>.</summary>
public sealed class NodeLogOptions
{
    /// <summary>The folder that holds nothing but the log's segments. Created if missing; another process must not use it.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// The size of a segment, bytes; a multiple of 4,096 from 8 KiB to 1 GiB, by default 64 MiB: about half a second
    /// of a fast disk, small enough that history is dropped in small steps. A single record that is larger gets a
    /// segment of its own size.
    /// </summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of records that may wait; more fail at once. By default 256 MiB, a few seconds of a disk's bandwidth:
    /// what waits longer than that is overload, which a queue would only hide.
    /// </summary>
    public long QueueBytesMax { get; init; } = 256L << 20;

    /// <summary>
    /// The most bytes of records that go into one batch, unless a single record is larger; by default 8 MiB, where
    /// the time to write begins to outweigh the time to sync.
    /// </summary>
    public int BatchBytesMax { get; init; } = 8 << 20;

    /// <summary>
    /// False for a spool: the copies that count are elsewhere, so nothing is synced, and the log starts empty. True by
    /// default.
    /// </summary>
    public bool Synced { get; init; } = true;

    /// <summary>
    /// Of a spool, how many batches may be on their way without a decision; by default 3: one that a follower syncs, one
    /// that waits there, one that travels. What comes meanwhile makes the next batch larger.
    /// </summary>
    public int BatchesInFlightMax { get; init; } = 3;

    /// <summary>Of a spool, bytes of records that are not in the bucket yet; beyond that records fail. By default 4 GiB.</summary>
    public long RetainedBytesMax { get; init; } = 4L << 30;

    /// <summary>
    /// How many removed segments are kept to be written over by new ones, which spares the zeros that new files begin
    /// with; 0 by default. Worth it for a log whose records are soon removed.
    /// </summary>
    public int SparesMax { get; init; }

    /// <summary>How long the log is idle before it marks its last batch as complete; 1 s by default.</summary>
    public TimeSpan MarkAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The source of the number that seeds a segment's checksums. It must not be guessable by those who write
    /// records: it is what keeps a record's content from passing for a batch of the log.
    /// </summary>
    public Func<ulong> Salt { get; init; } = static () =>
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    };

    /// <summary>The seam to the file system; tests of failing disks replace it.</summary>
    internal LogFiles Files { get; init; } = new();

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Folder);
        if (SegmentBytes is < 8192 or > 1L << 30 || SegmentBytes % SegmentHeader.Block != 0)
        {
            throw new ArgumentException($"{nameof(SegmentBytes)} is {SegmentBytes}; it must be a multiple of 4,096 from 8,192 to 1,073,741,824.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(QueueBytesMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchBytesMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchBytesMax, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MarkAfter, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchesInFlightMax);
        ArgumentOutOfRangeException.ThrowIfNegative(RetainedBytesMax);
        ArgumentOutOfRangeException.ThrowIfNegative(SparesMax);
    }
}
