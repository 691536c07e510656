using Skerry.Objects.Tests.Fleet;

namespace Skerry.Crash.Fleet;

/// <summary>Real processes that die or freeze: their objects come up elsewhere, and a frozen one does not go on.</summary>
public sealed class LostMemberTests(MembershipServers servers)
{
    private const int Objects = 24;

    [Fact]
    public async Task Objects_of_a_killed_node_come_up_on_the_others()
    {
        await using var fleet = await Trio.StartAsync(await servers.Redis);
        var before = await fleet.PlacesAsync(fleet.Members[0], Objects);
        Assert.Equal(3, before.Distinct().Count());
        var victim = fleet.Members[2];
        await victim.KillAsync();

        // Asked at once: the first answers take as long as it takes to notice.
        var after = await fleet.PlacesAsync(fleet.Members[0], Objects);
        Assert.DoesNotContain(victim.Id, after);

        // What lived elsewhere has not moved.
        Assert.All(before.Zip(after).Where(p => p.First != victim.Id), static p => Assert.Equal(p.First, p.Second));
        Assert.Equal(after, await fleet.PlacesAsync(fleet.Members[1], Objects));
    }

    [Fact]
    public async Task A_frozen_node_is_replaced_and_ends_with_75_when_it_wakes_up()
    {
        await using var fleet = await Trio.StartAsync(await servers.Redis);
        await fleet.PlacesAsync(fleet.Members[0], Objects);
        var frozen = fleet.Members[1];
        frozen.Signal(Member.SigStop);
        try
        {
            Assert.DoesNotContain(frozen.Id, await fleet.PlacesAsync(fleet.Members[0], Objects));
        }
        finally
        {
            frozen.Signal(Member.SigCont);
        }

        var (code, errors) = await frozen.EndAsync();
        Assert.Equal(75, code);
        Assert.Contains("ends with code 75", errors, StringComparison.Ordinal);
    }

    /// <summary>Three nodes that know each other.</summary>
    private sealed class Trio(Member[] members) : IAsyncDisposable
    {
        private static int s_last;

        public Member[] Members => members;

        public static async Task<Trio> StartAsync(string redis)
        {
            var cluster = $"trio-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}";
            var fleet = new Trio([await Member.StartAsync(redis, cluster), await Member.StartAsync(redis, cluster), await Member.StartAsync(redis, cluster)]);
            foreach (var member in fleet.Members)
            {
                while (await member.AskAsync("members") != "3")
                {
                    await Task.Delay(50, TestContext.Current.CancellationToken);
                }
            }

            return fleet;
        }

        public async Task<int[]> PlacesAsync(Member asked, int objects)
        {
            var places = new int[objects];
            for (var i = 0; i < objects; i++)
            {
                places[i] = await asked.WhereIsAsync($"o{i}");
            }

            return places;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var member in members)
            {
                await member.DisposeAsync();
            }
        }
    }
}
