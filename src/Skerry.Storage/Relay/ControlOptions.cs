namespace Skerry.Storage.Relay;

/// <summary>How long and how much in ownership and takeover.</summary>
public sealed class ControlOptions
{
    /// <summary>How long a leader may be silent before its followers suspect it: five heartbeats of 0.3 s.</summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// By how much each follower waits longer than the one before it in the session's record before it starts a takeover,
    /// so that usually one does. Two that start at once do no harm.
    /// </summary>
    public TimeSpan TakeoverStagger { get; init; } = TimeSpan.FromSeconds(0.4);

    /// <summary>How long a call to a peer may take before the peer counts as not answering.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an open session that does not answer is asked for an object before it is taken over; less if it refuses connections.</summary>
    public TimeSpan UnreachableFor { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>How often a recovery by somebody else is looked at while one waits for it.</summary>
    public TimeSpan RecoveryPoll { get; init; } = TimeSpan.FromSeconds(0.4);

    /// <summary>How long a recoverer that answers may take before another takes over from it all the same: it may hang.</summary>
    public TimeSpan RecoveryPatience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the sessions in the bucket are listed.</summary>
    public TimeSpan DirectoryInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often, on average, a node looks for what sessions long gone have left in the bucket.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How often the table of alarms is written, if it has changed.</summary>
    public TimeSpan AlarmsInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often a running session marks its data folder and the bucket, so that an older copy of the folder is known for
    /// one. Ten minutes: backups are older, and it costs six requests an hour.
    /// </summary>
    public TimeSpan MarkInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many objects are claimed at once; requested ones go first.</summary>
    public int ClaimsMax { get; init; } = 64;

    /// <summary>
    /// How long whoever wants an object waits for the bucket and for other nodes before he is told that it cannot be had
    /// now: longer than a takeover takes.
    /// </summary>
    public TimeSpan ClaimPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a node that is asked for an object may take before it answers that it is busy; the release goes on. Less
    /// than <see cref="CallTimeout"/>, so that a node with a slow object is not taken for a dead one.
    /// </summary>
    public TimeSpan ReleaseAnswer { get; init; } = TimeSpan.FromSeconds(0.6);

    /// <summary>The most bytes of records that a takeover holds in memory; it makes a bundle of them and goes on.</summary>
    public int RecoveryBundleBytesMax { get; init; } = 64 << 20;

    /// <summary>How many objects of a dead session are promoted at once in the background.</summary>
    public int PromotionsMax { get; init; } = 8;
}
