namespace Skerry.Storage.Archive;

/// <summary>When records go into the bucket, in what files, and how long those stay.</summary>
public sealed class UploadOptions
{
    /// <summary>The longest that a confirmed record waits before it is uploaded. Default 10 s.</summary>
    public TimeSpan BatchWindow { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the log is looked at while a batch gathers. Default 500 ms.</summary>
    public TimeSpan GatherInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a batch may be on its way into the bucket before that is told as trouble: longer than a few tries of a good bucket. Default 15 s.</summary>
    public TimeSpan SlowAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes of records after which a batch is uploaded before its window ends; also what is held in memory. Default 16 MiB.</summary>
    public long BatchBytes { get; set; } = 16 << 20;

    /// <summary>Bytes that an object must have in a batch to get a file of its own. Default 256 KiB.</summary>
    public long OwnFileBytes { get; set; } = 256 << 10;

    /// <summary>Bytes that an object may have in bundles before they are promoted. Default 256 KiB.</summary>
    public long PromoteBytes { get; set; } = 256 << 10;

    /// <summary>How long a record may stay in a bundle before it is promoted. Default 1 hour.</summary>
    public TimeSpan PromoteAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Objects of which the uploader remembers how much log they have when there is nothing to do for them; of others it
    /// finds out again when they have written enough. Up to twice as many for a while. Default 100,000.
    /// </summary>
    public int RememberedObjectsMax { get; set; } = 100_000;

    /// <summary>Log bytes below which no snapshot is made, however small the database. Default 64 KiB.</summary>
    public long SnapshotBytesMin { get; set; } = 64 << 10;

    /// <summary>How far back any transaction can be restored. Default 30 days.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long after something is listed in the trash it is deleted. Default 1 hour.</summary>
    public TimeSpan TrashDelay { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often the files of all objects in the bucket are looked through for what is past the retention. Default 1 day.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long to wait after something failed for the first time; doubles up to <see cref="RetryDelayMax"/>. Default 500 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait before trying again. Default 10 s.</summary>
    public TimeSpan RetryDelayMax { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Where snapshots are put together that are too large for memory. Default: the system's folder for temporary files.</summary>
    public string ScratchFolder { get; set; } = Path.GetTempPath();

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    internal void Validate()
    {
        List<string> errors = [];
        void Check(bool ok, string name)
        {
            if (!ok)
            {
                errors.Add(name);
            }
        }

        Check(BatchWindow > TimeSpan.Zero, nameof(BatchWindow));
        Check(GatherInterval > TimeSpan.Zero, nameof(GatherInterval));
        Check(SlowAfter > TimeSpan.Zero, nameof(SlowAfter));
        Check(BatchBytes > 0, nameof(BatchBytes));
        Check(OwnFileBytes > 0, nameof(OwnFileBytes));
        Check(PromoteBytes > 0, nameof(PromoteBytes));
        Check(PromoteAge > TimeSpan.Zero, nameof(PromoteAge));
        Check(RememberedObjectsMax > 0, nameof(RememberedObjectsMax));
        Check(SnapshotBytesMin >= 0, nameof(SnapshotBytesMin));
        Check(Retention > TimeSpan.Zero, nameof(Retention));
        Check(TrashDelay > TimeSpan.Zero, nameof(TrashDelay));
        Check(SweepInterval > TimeSpan.Zero, nameof(SweepInterval));
        Check(RetryDelay > TimeSpan.Zero && RetryDelayMax >= RetryDelay, nameof(RetryDelay));
        if (errors.Count > 0)
        {
            throw new ArgumentException($"These upload settings must be greater than zero, and the longest delay not less than the first: {string.Join(", ", errors)}.");
        }
    }
}
