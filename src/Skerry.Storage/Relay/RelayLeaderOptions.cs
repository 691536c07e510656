namespace Skerry.Storage.Relay;

/// <summary>The times by which a leader judges its followers.</summary>
public sealed record RelayLeaderOptions
{
    /// <summary>How long a follower, once sealed, has to wait for reads that the leader may still answer. The same on all nodes.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The part of the lease that the leader uses: the rest is for clocks that run at different speeds.</summary>
    public double LeaseUse { get; init; } = 0.9;

    /// <summary>A follower that has said nothing for so long is down. Five heartbeats.</summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A follower that does not hold what the others have confirmed so long ago lags.</summary>
    public TimeSpan LagMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How far behind a newcomer may be when it is made a member; what is confirmed meanwhile waits for it.</summary>
    public TimeSpan CloseEnough { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A follower that was found down or lagging is not chosen anew before so long.</summary>
    public TimeSpan AvoidFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait before the session record is written, or read, again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a leader is without a lease before it looks whether the session is still its own, and again each time.
    /// Followers that it does not reach cannot tell it. Longer than followers take to suspect a leader.
    /// </summary>
    public TimeSpan LookAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Timestamps in a second; those of <see cref="TimeProvider.TimestampFrequency"/>.</summary>
    public long TimestampFrequency { get; init; } = TimeProvider.System.TimestampFrequency;

    internal long Ticks(TimeSpan time) => (long)(time.TotalSeconds * TimestampFrequency);
}
