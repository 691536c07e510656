using Integration.Fleet;
using Integration.Network;

namespace Integration.Disks;

/// <summary>A node whose disk is full, as a follower of others and as an owner.</summary>
public sealed class FullDiskTests
{
    private const int Flights = 12;

    [Fact]
    public async Task Others_go_on_without_it_its_own_objects_say_why_and_space_heals_it()
    {
        SmallDisk disk = null!;
        using var network = PrivateNetwork.Create();
        await using var fleet = await SkerryFleet.StartAsync(network, nodes: 4, fleet => fleet.Keep(disk = SmallDisk.Mount(fleet.Nodes[1].Data, free: 6 << 20)));
        var full = fleet.Nodes[1];
        using var traffic = new Traffic("full", Flights, () => [.. fleet.Nodes.Select(static node => node.Gateway)]);
        traffic.Start(clients: 6);
        await Waiting.UntilAsync(async () => !(await full.HealthAsync()).IsWell, "a full disk");
        Assert.Contains("No space left", (await full.HealthAsync()).Text, StringComparison.Ordinal);
        await traffic.MoreAsync(200, "beside the full disk");
        await traffic.StopAsync();
        Assert.All(fleet.Nodes, static node => Assert.True(node.IsRunning));

        // Reads go on, wherever the object is.
        await traffic.CheckAsync();

        disk.Free();
        await Waiting.UntilAsync(async () => (await full.HealthAsync()).IsWell, "space");
        await fleet.SettleAsync();
        traffic.Start(clients: 6);
        await Waiting.UntilAsync(() => Task.FromResult(Enumerable.Range(0, 1000).Any(i => fleet.OwnerOf(traffic.Flight(i)) == full)), "objects of the node that was full");
        await traffic.MoreAsync(100, "after the healing");
        await full.KillAsync();
        await traffic.MoreAsync(50, "after its end");
        await traffic.StopAsync();
        await full.StartAsync();
        await fleet.SettleAsync();
        await traffic.CheckAsync();
    }
}
