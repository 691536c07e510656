namespace Skerry.Simulation.World;

/// <summary>
/// A machine's clocks. The monotonic one runs up to 2 % too fast or too slow, and goes on while the process is frozen;
/// the wall clock may be hours off, and jumps.
/// </summary>
internal sealed class MachineClock(Scheduler scheduler, double rate)
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far off the wall clock is.</summary>
    public TimeSpan WallOffset { get; set; }

    public long Timestamp => 1_000_000_000 + (long)(scheduler.Now * rate);

    public DateTimeOffset UtcNow => Epoch + WallOffset + TimeSpan.FromTicks(scheduler.Now);

    /// <summary>How long the world waits until this clock has gone on by a span.</summary>
    public TimeSpan ToWorld(TimeSpan span) => TimeSpan.FromTicks((long)Math.Ceiling(span.Ticks / rate));
}
