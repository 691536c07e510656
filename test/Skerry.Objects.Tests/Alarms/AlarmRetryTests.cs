using CsCheck;
using Skerry.Objects.Alarms;

namespace Skerry.Objects.Tests.Alarms;

public class AlarmRetryTests
{
    [Fact]
    public void A_handler_that_fails_is_retried_six_times_ever_later()
    {
        var retry = new AlarmRetry(new Random(1));
        var attempts = default(AlarmAttempts);
        foreach (var seconds in (double[])[2, 4, 8, 16, 32, 64])
        {
            var delay = retry.AfterHandlerError(attempts, out attempts);
            Assert.InRange(delay!.Value.TotalSeconds, seconds, seconds * 1.25);
        }

        Assert.Equal(new AlarmAttempts(6, 6), attempts);
        Assert.Null(retry.AfterHandlerError(attempts, out attempts));
        Assert.Equal(new AlarmAttempts(7, 6), attempts);
    }

    [Fact]
    public void Internal_errors_are_retried_without_limit_and_not_counted()
    {
        var retry = new AlarmRetry(new Random(1));
        var attempts = default(AlarmAttempts);
        for (var i = 0; i < 100; i++)
        {
            var delay = retry.AfterInternalError(attempts, out attempts);
            var seconds = Math.Min(2 * Math.Pow(2, i), 1024);
            Assert.InRange(delay.TotalSeconds, seconds, seconds * 1.25);
        }

        Assert.Equal(new AlarmAttempts(100, 0), attempts);
        Assert.NotNull(retry.AfterHandlerError(attempts, out attempts));
        Assert.Equal(1, attempts.CountedRetries);
    }

    [Fact]
    public void Every_number_of_failures_has_a_delay_within_bounds() =>
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int).Sample((failures, seed) =>
        {
            var delay = new AlarmRetry(new Random(seed)).AfterInternalError(new AlarmAttempts(failures, 0), out var after);
            Assert.InRange(delay, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1280));
            Assert.True(after.Failures > failures || failures == int.MaxValue);
        });

    [Fact]
    public void The_jitter_fills_its_range()
    {
        var retry = new AlarmRetry(new Random(1));
        var delays = Enumerable.Range(0, 1000).Select(_ => retry.AfterInternalError(default, out var _).TotalSeconds).ToList();
        Assert.InRange(delays.Min(), 2, 2.01);
        Assert.InRange(delays.Max(), 2.49, 2.5);
    }
}
