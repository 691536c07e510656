using Integration.Fleet;

namespace Integration.Network;

/// <summary>
/// Six nodes on six machines, and links between them that are really cut. In each case: nothing confirmed is lost, no
/// answer is stale, no seat is two passengers', and in the end every node serves everything again.
/// </summary>
public sealed class PartitionTests
{
    private const int EndedByFence = 75;

    [Fact]
    public async Task An_owner_that_is_cut_off_from_all_other_nodes_is_fenced_and_comes_back()
    {
        using var network = PrivateNetwork.Create();
        await using var fleet = await SkerryFleet.StartAsync(network, nodes: 6);
        using var traffic = new Traffic("cut", flights: 12, () => Gateways(fleet));
        traffic.Start(clients: 6);
        await traffic.MoreAsync(100, "before the cut");
        var owner = OwnerOfSome(fleet, traffic);

        // The bucket is a folder that it still reaches, and so it does Redis.
        PrivateNetwork.Cut([owner.Machine!], [.. Others(fleet, owner).Select(static node => node.Machine!)]);
        await traffic.MoreAsync(100, "after the cut");
        Assert.Equal(EndedByFence, await owner.EndAsync());
        AllRun(fleet, but: owner);

        network.Heal();
        await owner.StartAsync();
        await traffic.MoreAsync(50, "after the healing");
        await traffic.StopAsync();
        await fleet.SettleAsync();
        await traffic.CheckAsync();
    }

    private static IReadOnlyList<Uri> Gateways(SkerryFleet fleet) => [.. fleet.Nodes.Select(static node => node.Gateway)];

    private static IEnumerable<SkerryNode> Others(SkerryFleet fleet, params SkerryNode[] but) => fleet.Nodes.Except(but);

    private static SkerryNode OwnerOfSome(SkerryFleet fleet, Traffic traffic) =>
        Enumerable.Range(0, 12).Select(i => fleet.OwnerOf(traffic.Flight(i))).First(static node => node is not null)!;

    private static void AllRun(SkerryFleet fleet, params SkerryNode[] but)
    {
        foreach (var node in Others(fleet, but))
        {
            Assert.True(node.IsRunning, $"{node.Name} has ended as well: {node.Output}");
        }
    }
}
