using Microsoft.Extensions.Time.Testing;

namespace Skerry.Storage.Tests.Node;

public sealed class HistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Points_in_time_survive_flushes_checkpoints_and_restarts_and_restores_can_be_undone()
    {
        for (var seed = 1; seed <= 30; seed++)
        {
            var random = new Random(seed);
            var time = new FakeTimeProvider(Start);
            using var node = new TemporaryNode { Time = time };
            var database = ModelledDatabase.Named("history", 1);
            List<DateTimeOffset> times = [Start];
            for (var restart = 0; restart < 3; restart++)
            {
                await using var storage = node.Open();
                database.Open(storage);
                for (var i = 0; i < 25; i++)
                {
                    time.Advance(TimeSpan.FromMinutes(1));
                    if (random.Next(5) == 0)
                    {
                        await database.Restore(storage, (ulong)random.Next(0, (int)database.Newest + 1));
                    }
                    else
                    {
                        database.Commit(random, pagesMax: 10);
                    }

                    times.Add(time.GetUtcNow());
                    await database.Confirmed();
                    database.Check();
                    if (random.Next(8) == 0)
                    {
                        await storage.CheckpointAsync(CancellationToken.None);
                    }
                }

                for (var transaction = 0; transaction < times.Count; transaction++)
                {
                    var between = times[transaction].AddSeconds(30).ToUnixTimeMilliseconds();
                    Assert.Equal((ulong)transaction, (await storage.History.FindByTimeAsync(database.Store, between, CancellationToken.None)).Transaction);
                }
            }
        }
    }

    [Fact]
    public async Task A_restore_is_undone_and_the_undoing_too()
    {
        using var node = new TemporaryNode();
        await using var storage = node.Open();
        var database = ModelledDatabase.Named("history", 1);
        database.Open(storage);
        for (var i = 0; i < 10; i++)
        {
            database.Commit(new Random(i), pagesMax: 30);
        }

        await database.Confirmed();
        foreach (var transaction in new ulong[] { 4, 10, 11, 0, 13 })
        {
            // What is written but not committed yet belongs to no point in time, and goes.
            database.Store.Write(1, new byte[4096]);
            await database.Restore(storage, transaction);
            await database.Confirmed();
            database.Check();
        }
    }

    [Fact]
    public async Task A_large_database_is_restored_whole()
    {
        using var node = new TemporaryNode();
        await using var storage = node.Open(static o => o.LogSegmentBytes = 4 << 20);
        var database = ModelledDatabase.Named("history", 1);
        database.Open(storage);
        var random = new Random(3);
        for (var i = 0; i < 600; i++)
        {
            database.Commit(random, pagesMax: 4_000);
        }

        await database.Confirmed();
        foreach (var transaction in new ulong[] { 1, 300, 600 })
        {
            await database.Restore(storage, transaction);
            await database.Confirmed();
            database.Check();
        }
    }

    [Fact]
    public async Task History_ends_where_its_age_says_and_one_snapshot_stands_for_the_rest()
    {
        var time = new FakeTimeProvider(Start);
        using var node = new TemporaryNode { Time = time };
        await using var storage = node.Open(static o => o.HistoryRetention = TimeSpan.FromDays(30));
        var (busy, quiet) = (ModelledDatabase.Named("busy", 1), ModelledDatabase.Named("quiet", 2));
        busy.Open(storage);
        quiet.Open(storage);
        quiet.Commit(new Random(1), pagesMax: 6);
        var random = new Random(2);
        for (var day = 1; day <= 90; day++)
        {
            time.Advance(TimeSpan.FromDays(1));
            for (var i = 0; i < 3; i++)
            {
                busy.Commit(random, pagesMax: 12);
            }

            await Task.WhenAll(busy.Confirmed(), quiet.Confirmed());
            await storage.CheckpointAsync(CancellationToken.None);
        }

        var recent = (await storage.History.FindByTimeAsync(busy.Store, Start.AddDays(65).ToUnixTimeMilliseconds(), CancellationToken.None)).Transaction;
        Assert.Equal(65UL * 3, recent);
        await busy.Restore(storage, recent);
        busy.Check();
        await busy.Confirmed();
        Assert.Contains("not retained", (await Assert.ThrowsAsync<PastNotRetainedException>(() => storage.History.FindByTimeAsync(busy.Store, Start.AddDays(20).ToUnixTimeMilliseconds(), CancellationToken.None))).Message, StringComparison.Ordinal);
        Assert.Contains("not retained", (await Assert.ThrowsAsync<PastNotRetainedException>(() => storage.History.ReadAsync(busy.Store, 10, CancellationToken.None))).Message, StringComparison.Ordinal);
        foreach (var database in new[] { busy, quiet })
        {
            Assert.Single(Directory.GetFiles(Path.Combine(node.Folder, "snapshots", database.Key.Namespace), "*.ltx", SearchOption.AllDirectories));
        }

        // Its only record has left the log; the snapshot has the state all the same.
        Assert.Equal(1UL, (await storage.History.FindByTimeAsync(quiet.Store, time.GetUtcNow().ToUnixTimeMilliseconds(), CancellationToken.None)).Transaction);
        await quiet.Restore(storage, 1);
        quiet.Check();
    }

    [Fact]
    public async Task Before_its_first_write_an_object_is_empty()
    {
        using var node = new TemporaryNode();
        await using var storage = node.Open();
        var database = ModelledDatabase.Named("history", 1);
        database.Open(storage);
        Assert.Equal(0UL, (await storage.History.FindByTimeAsync(database.Store, 1, CancellationToken.None)).Transaction);
        database.Commit(new Random(1), pagesMax: 3);
        await database.Confirmed();
        Assert.Equal(0UL, (await storage.History.FindByTimeAsync(database.Store, 1, CancellationToken.None)).Transaction);
    }
}
