namespace Skerry.Accounts.Tests.Hosting;

/// <summary>The system's clock, ahead of it by as much as a test likes. Timers and timestamps are the system's.</summary>
public sealed class SetForwardClock : TimeProvider
{
    private long _ticksAhead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _ticksAhead));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticksAhead, by.Ticks);
}
