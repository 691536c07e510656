using Skerry.Storage.Relay;
using Skerry.Storage.Tests.Archive;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>A node never runs with a copy of a data folder that has gone on without it, and always with its own.</summary>
public sealed class FolderProofTests
{
    private static readonly ControlOptions MarksOften = new() { MarkInterval = TimeSpan.FromMilliseconds(20) };

    [Fact]
    public async Task A_folder_from_before_the_last_start_is_refused_and_says_why()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        await node.StartAsync();
        await node.StopAsync();
        var backup = node.CopyFolder("backup");
        await node.StartAsync();
        await node.StopAsync();
        var own = node.Folder;

        node.Folder = backup;
        var refused = await Assert.ThrowsAsync<StorageException>(node.StartAsync);
        Assert.Contains("is a copy", refused.Message, StringComparison.Ordinal);
        Assert.Contains("empty data folder", refused.Message, StringComparison.Ordinal);

        // Its own folder is as good as before.
        node.Folder = own;
        await node.StartAsync();
    }

    [Fact]
    public async Task A_folder_that_was_copied_while_the_last_session_ran_is_refused()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        node.Control = MarksOften;
        await node.StartAsync();
        var copied = Marks(node);
        var backup = node.CopyFolder("backup");
        await RelayCluster.Until(() => Marks(node) is { Length: > 0 } now && now != copied && !now.Contains(copied.Split('\n')[^2], StringComparison.Ordinal));
        await node.KillAsync();

        node.Folder = backup;
        Assert.Contains("is a copy", (await Assert.ThrowsAsync<StorageException>(node.StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_from_before_the_first_session_is_refused_once_the_node_has_had_one()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        node.Open();
        await node.KillAsync();
        var backup = node.CopyFolder("backup");
        await node.StartAsync();
        await node.StopAsync();

        node.Folder = backup;
        Assert.Contains("is a copy", (await Assert.ThrowsAsync<StorageException>(node.StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_a_folder_in_use_is_refused_and_the_owner_goes_on()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        await node.StartAsync();
        var clone = fleet.Node("n2");
        clone.Folder = node.CopyFolder("clone");
        var refused = await Assert.ThrowsAsync<StorageException>(clone.StartAsync);
        Assert.Contains("which runs as n1 at n1", refused.Message, StringComparison.Ordinal);
        await node.WriteAsync(Node.ModelledDatabase.Named("a", 1));
        Assert.False(node.Host.Ended.Task.IsCompleted);
    }

    [Fact]
    public async Task A_session_ends_when_a_copy_of_its_folder_has_begun_another()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        node.Control = new() { MarkInterval = TimeSpan.FromSeconds(1) };
        await node.StartAsync();
        var clone = fleet.Node("n2");
        clone.Folder = node.CopyFolder("clone");

        // Nobody reaches the owner, so nobody can ask it.
        fleet.Network.Close("n1");
        await clone.StartAsync();
        await node.Host.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await node.KillAsync();
        Assert.Contains("is a copy", (await Assert.ThrowsAsync<StorageException>(node.StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_stored_or_told_before_the_folder_is_proven()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        node.Open();
        var session = new SessionId(7);
        await Assert.ThrowsAsync<StorageException>(() => node.Relay.SealAsync(session, 1, default));
        await Assert.ThrowsAsync<StorageException>(() => node.Relay.ForgetAsync(session, default));
        Assert.Throws<StorageException>(() => node.Relay.ReadFramesAsync(session, 1, default));
        Assert.Throws<StorageException>(() => node.Relay.Follow(new FollowHello(node.Relay.Self with { Session = session }, 0), null!, out _, out _));
        await node.Relay.StartAsync(default);
        await node.Relay.SealAsync(session, 1, default);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_that_dies_around_the_swap_of_the_mark_may_be_repeated(bool swapped)
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        for (var run = 0; run < 3; run++)
        {
            using var dies = new CancellationTokenSource();
            fleet.Bucket.Fault = key =>
            {
                if (!key.StartsWith("put nodes/", StringComparison.Ordinal))
                {
                    return MemoryBucket.Failure.None;
                }

                dies.Cancel();
                return swapped ? MemoryBucket.Failure.DoneButUnknown : MemoryBucket.Failure.NotDone;
            };
            node.Open();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.Relay.StartAsync(dies.Token));
            await node.KillAsync();
            fleet.Bucket.Fault = static _ => MemoryBucket.Failure.None;
            if (run == 1)
            {
                await node.StartAsync();
                await node.KillAsync();
            }
        }

        await node.StartAsync();
    }

    private static string Marks(HostedNode node) => File.ReadAllText(Path.Combine(node.Folder, "marks"));
}
