using Microsoft.Extensions.Time.Testing;
using Skerry.Objects.Fleet;

namespace Skerry.Objects.Tests.Fleet;

public sealed class SteadyClockTests
{
    [Fact]
    public void It_goes_on_when_the_wall_clock_is_set()
    {
        var wall = new JumpingClock();
        var clock = new SteadyClock(wall);
        var began = wall.GetUtcNow();
        Assert.Equal(began, clock.GetUtcNow());
        wall.Jump = -TimeSpan.FromHours(2);
        wall.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(began.AddSeconds(3), clock.GetUtcNow());
    }

    private sealed class JumpingClock : FakeTimeProvider
    {
        public TimeSpan Jump { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Jump;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
