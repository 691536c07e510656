using Integration.Fleet;
using Integration.Network;
using Skerry.Objects.Tests.Fleet;

namespace Integration.Disks;

/// <summary>An owner dies, and what its followers hold of it is damaged on their disks.</summary>
public sealed class DamagedLogTests(MembershipServers servers)
{
    private const string Flight = "LX14";

    [Fact]
    public async Task A_damaged_copy_is_passed_over()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        using var traffic = new Traffic("", 1, () => [.. fleet.Nodes.Where(static node => node.IsRunning).Select(static node => node.Gateway)]);
        Assert.True(await traffic.BookAsync(fleet.Nodes[0].Gateway, Flight, "1A"));

        // One of two copies: the other one is enough.
        var (owner, followers) = await WriteAndFreezeAsync(fleet, traffic, ["2A", "2B", "2C"]);
        followers[0].Log.Flip();
        await owner.KillAsync();
        foreach (var (node, _) in followers)
        {
            await Waiting.UntilAsync(() => traffic.ReadAsync(node.Gateway, Flight), $"the flight at {node.Name}");
        }

        await owner.StartAsync();
        await traffic.CheckAsync();
        await fleet.SettleAsync();
    }

    [Fact]
    public async Task Damage_in_all_copies_is_named_and_never_served()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        using var traffic = new Traffic("", 1, () => [.. fleet.Nodes.Where(static node => node.IsRunning).Select(static node => node.Gateway)]);
        Assert.True(await traffic.BookAsync(fleet.Nodes[0].Gateway, Flight, "1A"));

        // Only the owner's own copy is whole, and that is out of reach until it is back.
        var (owner, followers) = await WriteAndFreezeAsync(fleet, traffic, ["3A", "3B", "3C"]);
        foreach (var (_, log) in followers)
        {
            log.Flip();
        }

        await owner.KillAsync();
        await Waiting.UntilAsync(
            () => Task.FromResult(followers.Any(static f => f.Node.Output.Contains("is damaged at byte", StringComparison.Ordinal))),
            "a message that names the damage");
        foreach (var (node, _) in followers)
        {
            Assert.False(await traffic.ReadAsync(node.Gateway, Flight), $"{node.Name} has answered from what it had");
        }

        await owner.StartAsync();
        await traffic.CheckAsync();
        await fleet.SettleAsync();
    }

    /// <summary>What is confirmed here is in nobody's bundle yet.</summary>
    private static async Task<(SkerryNode Owner, (SkerryNode Node, StoredLog Log)[] Followers)> WriteAndFreezeAsync(SkerryFleet fleet, Traffic traffic, string[] seats)
    {
        // An idle object leaves memory, and may come back elsewhere: this one stays from here on.
        Assert.True(await traffic.BookAsync(fleet.Nodes[0].Gateway, Flight, seats[0]));
        var owner = fleet.OwnerOf(Flight)!;
        var followers = fleet.Nodes.Except([owner]).Select(static node => (Node: node, Log: new StoredLog(node))).ToArray();
        foreach (var (_, log) in followers)
        {
            log.Mark();
        }

        foreach (var seat in seats[1..])
        {
            Assert.True(await traffic.BookAsync(owner.Gateway, Flight, seat));
        }

        owner.Freeze();
        Assert.Equal(owner, fleet.OwnerOf(Flight));
        return (owner, followers);
    }
}
