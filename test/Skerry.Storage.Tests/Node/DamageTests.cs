namespace Skerry.Storage.Tests.Node;

/// <summary>A flipped bit anywhere: what it hit is never served, is named, and everything else goes on.</summary>
public sealed class DamageTests
{
    [Theory]
    [InlineData(".sqlite")]
    [InlineData(".pages")]
    public async Task In_a_database_file_it_concerns_that_object_alone(string extension)
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            using var node = new TemporaryNode();
            var (hit, other) = await FillAsync(node, random, commits: 12, checkpoint: true);
            var file = Directory.GetFiles(node.Folder, hit.Key.Id + extension, SearchOption.AllDirectories).Single();
            Flip(file, random);
            await using var storage = node.Open();
            other.Open(storage);
            other.Check();
            if (Refusal(hit, storage) is { } refusal)
            {
                Assert.StartsWith(Path.ChangeExtension(file, null), refusal.Path, StringComparison.Ordinal);
            }
            else
            {
                // Bytes that mean nothing: after the end, or between two pages' sums and what they were.
                Assert.Equal(hit.Newest, hit.Store.State.Transaction);
            }

            other.Commit(random, pagesMax: 6);
            await other.Confirmed();
        }
    }

    [Fact]
    public async Task In_the_checkpoint_it_stops_the_node()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            using var node = new TemporaryNode();
            await FillAsync(node, random, commits: 3, checkpoint: true);
            var file = Path.Combine(node.Folder, "checkpoint");
            Flip(file, random);
            Assert.Equal(file, Assert.Throws<StorageDamagedException>(() => node.Open()).Path);
        }
    }

    [Fact]
    public async Task In_the_log_behind_the_checkpoint_no_object_goes_back_in_time()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            using var node = new TemporaryNode();
            var (first, second) = await FillAsync(node, random, commits: 12, checkpoint: false);
            var log = Directory.GetFiles(Path.Combine(node.Folder, "log"));
            Flip(log[random.Next(log.Length)], random);

            // Twice, with a checkpoint between: one must not make the damage be forgotten.
            for (var start = 0; start < 2; start++)
            {
                NodeStorage storage;
                try
                {
                    storage = node.Open();
                }
                catch (StorageException e)
                {
                    Assert.Contains(node.Folder, e.Message, StringComparison.Ordinal);
                    break;
                }

                await using (storage)
                {
                    foreach (var database in new[] { first, second })
                    {
                        if (Refusal(database, storage) is null)
                        {
                            Assert.True(database.Newest == database.Store.State.Transaction, $"seed {seed}, start {start}: transaction {database.Store.State.Transaction} is served for {database.Newest}");
                            database.Check();
                        }
                    }

                    await storage.CheckpointAsync(CancellationToken.None);
                }
            }
        }
    }

    [Fact]
    public async Task In_the_history_it_spoils_the_past_only()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            using var node = new TemporaryNode();
            var (first, second) = await FillAsync(node, random, commits: 60, checkpoint: true, historyBytes: 200 << 10);
            string[] files = [.. Directory.GetFiles(Path.Combine(node.Folder, "log")), .. Snapshots(node)];
            Flip(files[random.Next(files.Length)], random);
            NodeStorage storage;
            try
            {
                storage = node.Open(o => o.HistoryBytesMax = 200 << 10);
            }
            catch (StorageException)
            {
                // The segment in which the log ends.
                continue;
            }

            await using (storage)
            {
                foreach (var database in new[] { first, second })
                {
                    database.Open(storage);
                    database.Check();
                    for (ulong transaction = 1; transaction <= 60; transaction += (ulong)random.Next(1, 8))
                    {
                        try
                        {
                            await database.Restore(storage, transaction);
                        }
                        catch (StorageException)
                        {
                            database.Store.DiscardPending();
                            continue;
                        }

                        database.Check();
                        await database.Confirmed();
                    }
                }

                // Trimming goes on past the damage.
                for (var i = 0; i < 60; i++)
                {
                    first.Commit(random, pagesMax: 6);
                    await first.Confirmed();
                }

                await storage.CheckpointAsync(CancellationToken.None);
                Assert.Null(storage.Trouble);
                Assert.True(storage.Log.Segments.Sum(static s => s.Bytes) < 500 << 10);
            }
        }
    }

    private static string[] Snapshots(TemporaryNode node) =>
        Directory.Exists(Path.Combine(node.Folder, "snapshots")) ? Directory.GetFiles(Path.Combine(node.Folder, "snapshots"), "*.ltx", SearchOption.AllDirectories) : [];

    private static async Task<(ModelledDatabase First, ModelledDatabase Second)> FillAsync(
        TemporaryNode node, Random random, int commits, bool checkpoint, long? historyBytes = null)
    {
        var (first, second) = (ModelledDatabase.Named("first", 1), ModelledDatabase.Named("second", 2));
        await using var storage = node.Open(o => o.HistoryBytesMax = historyBytes, checkpoint);
        first.Open(storage);
        second.Open(storage);
        for (var i = 0; i < commits; i++)
        {
            first.Commit(random, pagesMax: 6);
            second.Commit(random, pagesMax: 6);
            await Task.WhenAll(first.Confirmed(), second.Confirmed());
        }

        return (first, second);
    }

    private static StorageDamagedException? Refusal(ModelledDatabase database, NodeStorage storage)
    {
        try
        {
            database.Open(storage);
            database.Check();
            return null;
        }
        catch (StorageDamagedException e)
        {
            return e;
        }
    }

    private static void Flip(string file, Random random)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(file, bytes);
    }
}
