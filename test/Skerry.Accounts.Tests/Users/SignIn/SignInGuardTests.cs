using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Tests.Users.SignIn;

public sealed class SignInGuardTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly string _user = Guid.NewGuid().ToString("n");

    private ISignInGuard Guard => node.Guards.Of(_user);

    [Fact]
    public async Task Five_failures_are_free_and_each_more_costs_twice_as_long()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
        }

        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 })
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), await Guard.Begin(_user, "192.0.2.1"));

            // Who asks too early gets no further, and does not lengthen it.
            node.Clock.Advance(TimeSpan.FromSeconds(seconds - 0.25));
            Assert.Equal(TimeSpan.FromSeconds(0.25), await Guard.Begin(_user, "192.0.2.1"));
            node.Clock.Advance(TimeSpan.FromSeconds(0.25));
            Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
        }
    }

    [Fact]
    public async Task Nobody_locks_out_somebody_in_another_network_or_another_user()
    {
        await FailAsync("192.0.2.1", 5);
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.2"));
        var neighbour = _user[..2] + Guid.NewGuid().ToString("n")[2..];
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(neighbour, "192.0.2.1"));
    }

    [Fact]
    public async Task Tries_at_the_same_time_are_no_more_than_tries_one_by_one()
    {
        var waits = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => node.Guards.Of(_user).Begin(_user, "192.0.2.1")));
        Assert.Equal(5, waits.Count(static wait => wait == TimeSpan.Zero));
    }

    [Fact]
    public async Task A_success_forgets_the_failures_from_there_and_a_try_that_was_no_guess_does_not_count()
    {
        await FailAsync("192.0.2.1", 4);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
            await Guard.TakeBack(_user, "192.0.2.1");
        }

        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
        await Guard.Succeed(_user, "192.0.2.1");
        await FailAsync("192.0.2.1", 5);
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
    }

    [Fact]
    public async Task Guesses_from_many_networks_are_held_up_together_but_not_where_the_user_has_been_before()
    {
        await Guard.Begin(_user, "198.51.100.7");
        await Guard.Succeed(_user, "198.51.100.7");
        var (made, waited) = (0, TimeSpan.Zero);
        for (var i = 0; waited == TimeSpan.Zero; i++)
        {
            waited = await Guard.Begin(_user, $"2001:db8:0:{i:x}::/64");
            made += waited == TimeSpan.Zero ? 1 : 0;
            Assert.True(made <= 200, "nobody holds up guesses from many networks");
        }

        Assert.Equal(100, made);
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "198.51.100.7"));
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "203.0.113.1"));

        // Whoever proves himself somewhere new, when the wait is over, is at home there too.
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "203.0.113.1"));
        await Guard.Succeed(_user, "203.0.113.1");
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        await FailAsync("203.0.113.2", 1);
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "203.0.113.3"));
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "203.0.113.1"));
    }

    [Fact]
    public async Task A_day_without_failures_makes_a_clean_sheet()
    {
        await FailAsync("192.0.2.1", 5);
        node.Clock.Advance(TimeSpan.FromHours(25));
        await FailAsync("192.0.2.1", 5);
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
    }

    [Fact]
    public async Task A_restart_forgives_nothing()
    {
        await FailAsync("192.0.2.1", 5);
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
        await node.RestartAsync();
        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));
    }

    [Fact]
    public async Task What_is_remembered_is_bounded_and_the_oldest_goes_first()
    {
        // One guard's users only. Each of them has two rows, one of them for all networks.
        const int Others = ISignInGuard.FailuresMax / 2;
        var shard = _user[..2];
        await FailAsync("192.0.2.1", 5);
        node.Clock.Advance(TimeSpan.FromMilliseconds(10));
        await Parallel.ForAsync(0, Others, async (i, _) => await Guard.Begin($"{shard}{i:x30}", "192.0.2.1"));
        Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, "192.0.2.1"));

        var newest = $"{shard}{Others:x30}";
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(TimeSpan.Zero, await Guard.Begin(newest, "192.0.2.1"));
        }

        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(newest, "192.0.2.1"));
    }

    private async Task FailAsync(string prefix, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, prefix));
        }
    }
}
