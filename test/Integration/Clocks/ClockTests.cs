using Integration.Fleet;
using Integration.Network;
using Skerry.Objects.Tests.Fleet;

namespace Integration.Clocks;

/// <summary>Nodes whose wall clocks are an hour off, and jump: who may write, and who may answer, must not depend on them.</summary>
public sealed class ClockTests(MembershipServers servers)
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Nodes_an_hour_ahead_and_behind_take_over_from_each_other_and_lose_nothing()
    {
        FakeClock ahead = null!, behind = null!, jumping = null!;
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3, fleet =>
        {
            ahead = new FakeClock(fleet.Nodes[0], s_hour);
            behind = new FakeClock(fleet.Nodes[1], -s_hour);
            jumping = new FakeClock(fleet.Nodes[2], TimeSpan.Zero);
        });
        await ahead.BelievedAsync();
        await behind.BelievedAsync();
        IReadOnlyList<SkerryNode> asked = fleet.Nodes;
        using var traffic = new Traffic("clock", flights: 12, () => [.. asked.Select(static node => node.Gateway)]);
        traffic.Start(clients: 4);
        await traffic.MoreAsync(100, "with wrong clocks");

        // One jumps forth and back, and nobody is taken for dead.
        foreach (var offset in new[] { s_hour, -s_hour, TimeSpan.Zero })
        {
            jumping.Jump(offset);
            await jumping.BelievedAsync();
            await traffic.MoreAsync(50, $"after a jump to {offset}");
        }

        Assert.All(fleet.Nodes, static node => Assert.True(node.IsRunning, $"{node.Name} has ended: {node.LastWords}"));

        // Each dies once, so that it is taken over, and takes over.
        foreach (var node in fleet.Nodes)
        {
            asked = [.. fleet.Nodes.Except([node])];
            await node.KillAsync();
            await traffic.MoreAsync(50, $"without {node.Name}");
            await node.StartAsync();
            await fleet.SettleAsync();
        }

        await traffic.StopAsync();
        await traffic.CheckAsync();
    }
}
