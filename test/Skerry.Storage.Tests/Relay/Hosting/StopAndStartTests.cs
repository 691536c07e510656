using Skerry.Storage.Archive;
using Skerry.Storage.Sqlite;
using Skerry.Storage.Tests.Node;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>What is left when a session ends, and what is believed when the next begins.</summary>
public sealed class StopAndStartTests
{
    private readonly ModelledDatabase _database = ModelledDatabase.Named("a", 1);

    [Fact]
    public async Task Nothing_is_confirmed_any_more_when_the_session_is_being_sealed()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        await node.StartAsync();
        await node.WriteAsync(_database);
        using var claim = await node.Relay.PrepareAsync(_database.Key, default);
        _database.Open(node.Relay.Storage);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fleet.Bucket.Fault = key =>
        {
            // The swap to sealed: everything is uploaded by now.
            if (key.StartsWith("put sessions/", StringComparison.Ordinal) && late.TrySetResult())
            {
                _database.Commit(new Random(2), 4);
                _database.Store.WhenSettled().Wait(TimeSpan.FromSeconds(60));
            }

            return Archive.MemoryBucket.Failure.None;
        };
        await node.Relay.StopAsync(default);
        Assert.True(late.Task.IsCompleted);

        var bundles = await SessionBundles.LoadAsync(fleet.Bucket, node.Session, default);
        var archive = await ObjectArchive.OpenAsync(fleet.Bucket, _database.Key, bundles, default);
        Assert.Equal(archive.Newest.Transaction, _database.Store.Confirmed.Transaction);
    }

    [Fact]
    public async Task After_the_machine_has_started_anew_a_copy_is_distrusted_until_it_is_proven_however_often_the_node_starts()
    {
        await using var fleet = new HostedFleet();
        var node = fleet.Node("n1");
        await node.StartAsync();
        await node.WriteAsync(_database);
        await node.StopAsync();
        File.WriteAllText(Path.Combine(node.Folder, "boot"), "another start of the machine");

        // The first start does not look at the object.
        await node.StartAsync();
        await node.StopAsync();

        // What an unsynced page may be after a power cut, with the file's times as they were.
        var file = Directory.EnumerateFiles(node.Folder, "*.sqlite", SearchOption.AllDirectories).Single();
        var written = File.GetLastWriteTimeUtc(file);
        using (var pages = File.OpenWrite(file))
        {
            pages.Write(new byte[IPageFile.PageSize]);
        }

        File.SetLastWriteTimeUtc(file, written);
        await node.StartAsync();
        using (await node.Relay.PrepareAsync(_database.Key, default))
        {
            _database.Open(node.Relay.Storage);
            _database.Check();
            node.Relay.Storage.CloseDatabase(_database.Store);
        }
    }
}
