using Integration.Fleet;
using Integration.Network;
using Skerry.Objects.Tests.Fleet;

namespace Integration.Disks;

/// <summary>Disks that are full: where a node stores what it follows, and where an owner writes its own log.</summary>
public sealed class FullDiskTests(MembershipServers servers)
{
    private const int Flights = 12;

    [Fact]
    public async Task A_full_follower_holds_up_nobody_and_a_full_owner_says_why_until_there_is_space()
    {
        SmallDisk followed = null!, spool = null!;
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 4, fleet =>
        {
            fleet.Keep(followed = SmallDisk.Mount(Path.Combine(fleet.Nodes[1].Data, "followed"), free: 256 << 10));
            fleet.Keep(spool = SmallDisk.Mount(Path.Combine(fleet.Nodes[2].Data, "spool"), free: 128 << 10));
        });
        var (follower, owner) = (fleet.Nodes[1], fleet.Nodes[2]);
        using var traffic = new Traffic("full", Flights, () => [.. fleet.Nodes.Select(static node => node.Gateway)]);
        traffic.Start(clients: 6);
        await FullAsync(follower, "followed");
        await FullAsync(owner, "spool");
        await traffic.MoreAsync(100, "beside the full disks");
        await traffic.StopAsync();
        Assert.All(fleet.Nodes, static node => Assert.True(node.IsRunning, $"{node.Name} has ended: {node.LastWords}"));

        // Reads go on, wherever the object is.
        await traffic.CheckAsync(writable: false);

        followed.Free();
        spool.Free();
        traffic.Start(clients: 6);
        await WellAsync(follower);
        await WellAsync(owner);
        await Waiting.UntilAsync(() => Task.FromResult(traffic.ConfirmedFlights.Any(flight => fleet.OwnerOf(flight) == owner)), $"objects of {owner.Name}");
        await traffic.MoreAsync(100, "with space");
        await fleet.SettleAsync();

        // What was confirmed before, meanwhile and after is on enough other disks.
        await owner.KillAsync();
        await traffic.MoreAsync(50, $"without {owner.Name}");
        await traffic.StopAsync();
        await owner.StartAsync();
        await fleet.SettleAsync();
        await traffic.CheckAsync();
    }

    private static Task FullAsync(SkerryNode node, string folder) => Waiting.UntilAsync(async () =>
    {
        var (isWell, text) = await node.HealthAsync();
        Assert.True(isWell || (text.Contains($"/{folder} ", StringComparison.Ordinal) && text.Contains("the disk is full", StringComparison.Ordinal)), text);
        return !isWell;
    }, $"{node.Name} to say that {folder} is full");

    private static Task WellAsync(SkerryNode node) => Waiting.UntilAsync(async () => (await node.HealthAsync()).IsWell, $"{node.Name} to be well");
}
