namespace Skerry.Accounts.Tests.Hosting;

/// <summary>A clock on the wall that stands but for what a test advances it. Timers and timestamps are the system's.</summary>
public sealed class StandingClock : TimeProvider
{
    // A whole second, as what is stored has no more than milliseconds.
    private long _ticks = DateTimeOffset.FromUnixTimeSeconds(System.GetUtcNow().ToUnixTimeSeconds()).Ticks;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
