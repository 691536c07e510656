using Skerry.Storage.Tests.Node;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>A session that has had many objects, one after the other, remembers few of them, and has them all the same.</summary>
public sealed class MemoryTests
{
    private const int RememberedMax = 50;

    [Fact]
    public async Task What_a_session_remembers_does_not_grow_with_the_objects_that_it_has_had()
    {
        await using var fleet = new HostedFleet { BatchWindow = TimeSpan.FromMilliseconds(5) };
        var node = New(fleet);
        await node.StartAsync();
        var databases = Enumerable.Range(1, 40 * RememberedMax).Select(static i => Numbered(i)).ToList();

        foreach (var some in databases.Chunk(4 * RememberedMax))
        {
            foreach (var database in some)
            {
                await node.WriteAsync(database, alarmMs: 4_000_000_000_000);
                await node.WriteAsync(database, alarmMs: 0);
            }

            // What goes with uploads and promotions goes then, and what goes with activations with the next.
            await RelayCluster.Until(() => node.Relay.Remembered.Bundles == 0);
        }

        var (held, claims, uploader, bundles) = node.Relay.Remembered;
        Assert.InRange(held, 1, 8 * RememberedMax);
        Assert.InRange(claims, 1, 8 * RememberedMax);
        Assert.InRange(uploader, 1, 8 * RememberedMax);
        Assert.InRange(bundles, 0, 8 * RememberedMax);
    }

    [Fact]
    public async Task A_forgotten_object_goes_on_where_it_was_in_a_higher_epoch()
    {
        await using var fleet = new HostedFleet { BatchWindow = TimeSpan.FromMilliseconds(5) };
        var node = New(fleet);
        await node.StartAsync();
        var first = Numbered(1);
        List<ulong> epochs = [];
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 2; i++)
            {
                await node.WriteAsync(first);
                epochs.Add(first.Store.Confirmed.Epoch);
            }

            for (var i = 0; i < 20 * RememberedMax && node.Relay.Knows(first.Key); i++)
            {
                await node.WriteAsync(Numbered((round * 100_000) + i + 2));
            }

            Assert.False(node.Relay.Knows(first.Key));
        }

        Assert.Equal(epochs.Distinct().Order(), epochs);
        using var claim = await node.Relay.PrepareAsync(first.Key, default);
        first.Open(node.Relay.Storage);
        first.Check();
        node.Relay.Storage.CloseDatabase(first.Store);
    }

    private static HostedNode New(HostedFleet fleet)
    {
        var node = fleet.Node("n1");
        node.Configure = static options =>
        {
            options.RememberedObjectsMax = RememberedMax;
            options.Upload.RememberedObjectsMax = RememberedMax;
            options.Upload.PromoteAge = TimeSpan.FromMilliseconds(50);
            options.Upload.GatherInterval = TimeSpan.FromMilliseconds(5);
        };
        return node;
    }

    private static ModelledDatabase Numbered(int number) => new(new ObjectKey("many", new Id256(
        [.. Enumerable.Range(0, 28).Select(static _ => (byte)7), (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number])));
}
