using System.Globalization;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Tests.Users.SignIn;

public sealed class SignInGuardTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private static int s_guards;

    // Each test has a guard of its own, as some fill theirs.
    private readonly string _user = Interlocked.Increment(ref s_guards).ToString("x2", CultureInfo.InvariantCulture) + Guid.NewGuid().ToString("n")[2..];

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
    public async Task Whoever_makes_up_users_gets_rid_of_nobodys_count()
    {
        // Six failures, whose wait is over, in one network; and as many as are free in all networks together.
        await FailAsync("192.0.2.1", 5);
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        await FailAsync("192.0.2.1", 1);
        for (var i = 0; i < 94; i++)
        {
            await FailAsync($"2001:db8:0:{i:x}::/64", 1);
        }

        Assert.NotEqual(TimeSpan.Zero, await Guard.Begin(_user, "203.0.113.1"));
        node.Clock.Advance(TimeSpan.FromSeconds(2));
        await FillAsync();

        // Neither count has begun anew: the next failure of either kind holds up, and for longer.
        await FailAsync("192.0.2.1", 1);
        Assert.Equal(TimeSpan.FromSeconds(4), await Guard.Begin(_user, "192.0.2.1"));
        Assert.Equal(TimeSpan.FromSeconds(2), await Guard.Begin(_user, "203.0.113.1"));
    }

    [Fact]
    public async Task Who_is_held_up_stays_so_while_a_count_that_holds_nobody_up_can_go()
    {
        // All others get heavier than this one will be, and then their time is over.
        await FillAsync(7);
        await FailAsync("192.0.2.1", 1);
        Assert.Equal(TimeSpan.FromSeconds(2), await Guard.Begin(_user, "192.0.2.1"));
        await Parallel.ForAsync(0, 100, async (i, _) => await Guard.Begin(Sibling($"b{i:x8}"), "192.0.2.1"));
        Assert.Equal(TimeSpan.FromSeconds(2), await Guard.Begin(_user, "192.0.2.1"));
    }

    [Fact]
    public async Task Where_there_are_too_many_the_next_begin_where_the_smallest_ended_and_wait_a_little_at_most()
    {
        await FillAsync();
        var newest = Sibling("f");
        var free = 0;
        while (await Guard.Begin(newest, "192.0.2.1") is var wait && wait == TimeSpan.Zero)
        {
            free++;
        }

        // Every count was at least one, so one of the five is gone; and nobody is refused at his first try.
        Assert.Equal(4, free);
        Assert.Equal(TimeSpan.FromSeconds(1), await Guard.Begin(newest, "192.0.2.1"));
    }

    [Fact]
    public async Task A_try_that_was_taken_back_leaves_nothing_that_takes_room()
    {
        await Parallel.ForAsync(0, (ISignInGuard.FailuresMax / 2) + 10, async (i, _) =>
        {
            await Guard.Begin(Sibling($"e{i:x8}"), "192.0.2.1");
            await Guard.TakeBack(Sibling($"e{i:x8}"), "192.0.2.1");
        });

        // With all the room there is, five are free.
        await FailAsync("192.0.2.1", 5);
        Assert.True((await node.ExportAsync(Guard)).Length < 100_000);
    }

    [Fact]
    public async Task Looking_counts_nothing_and_says_what_a_try_would_hear()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, await Guard.Look(_user, "192.0.2.1"));
        }

        await FailAsync("192.0.2.1", 5);
        Assert.Equal(TimeSpan.FromSeconds(1), await Guard.Look(_user, "192.0.2.1"));
        Assert.Equal(TimeSpan.FromSeconds(1), await Guard.Begin(_user, "192.0.2.1"));
        Assert.Equal(TimeSpan.Zero, await Guard.Look(_user, "192.0.2.2"));
    }

    // Fills one guard with users whom nobody has, as whoever computes their ids can. Each has two rows, one of them for all networks.
    private async Task FillAsync(int times = 1)
    {
        for (var n = 0; n < times; n++)
        {
            await Parallel.ForAsync(0, ISignInGuard.FailuresMax / 2, async (i, _) => await Guard.Begin(Sibling($"a{i:x8}"), "192.0.2.1"));

            // Whoever has to wait by then waits no longer.
            if (times > 1)
            {
                node.Clock.Advance(TimeSpan.FromSeconds(10));
            }
        }
    }

    private string Sibling(string name) => _user[..2] + name.PadRight(30, '0');

    private async Task FailAsync(string prefix, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(TimeSpan.Zero, await Guard.Begin(_user, prefix));
        }
    }
}
