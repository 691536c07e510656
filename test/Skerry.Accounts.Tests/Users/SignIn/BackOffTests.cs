using CsCheck;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Tests.Users.SignIn;

public sealed class BackOffTests
{
    private static readonly DateTimeOffset Last = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    [InlineData(6, 2)]
    [InlineData(9, 16)]
    [InlineData(14, 512)]
    [InlineData(15, 900)]
    [InlineData(long.MaxValue, 900)]
    public void The_wait_doubles_from_a_second_up_to_a_quarter_of_an_hour(long failures, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), BackOff.Left(failures, 5, Last, Last));

    [Fact]
    public void It_runs_off_with_time_grows_with_failures_and_is_never_longer_than_its_whole() =>
        Gen.Select(Gen.Long[0, 100], Gen.Int[-100_000, 2_000_000]).Sample((failures, milliseconds) =>
        {
            var now = Last.AddMilliseconds(milliseconds);
            var (whole, left) = (BackOff.Left(failures, 5, Last, Last), BackOff.Left(failures, 5, Last, now));
            Assert.InRange(left, TimeSpan.Zero, whole);
            Assert.True(BackOff.Left(failures + 1, 5, Last, now) >= left);
            Assert.True(now - Last < whole || left == TimeSpan.Zero);
            Assert.True(now < Last || left == TimeSpan.Zero || left == whole - (now - Last));
        });
}
