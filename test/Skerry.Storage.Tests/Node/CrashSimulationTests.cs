using Skerry.Storage.Tests.Log;

namespace Skerry.Storage.Tests.Node;

/// <summary>
/// Images of the data folder at random moments, as a killed process or a power loss leaves them, are opened and held
/// against a model. A power loss keeps what was synced: the log, and database files as the last checkpoint left them;
/// of what was written to those since, any blocks may be there and any may not.
/// </summary>
public sealed class CrashSimulationTests
{
    private static readonly int Seeds = Environment.GetEnvironmentVariable("SKERRY_LONG") == "1" ? 20_000 : 500;

    [Fact]
    public void Every_image_opens_to_a_state_that_was_committed_and_not_before_the_confirmed_one()
    {
        int[] seeds = int.TryParse(Environment.GetEnvironmentVariable("SKERRY_SEED"), out var one) ? [one] : [.. Enumerable.Range(1, Seeds)];
        Parallel.ForEach(seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, static seed =>
        {
            try
            {
                RunAsync(seed).GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}: {e}\nReplay: SKERRY_SEED={seed} dotnet test test/Skerry.Storage.Tests -c Release --filter FullyQualifiedName~CrashSimulation");
            }
        });
    }

    private static async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        using var node = new TemporaryNode();
        ModelledDatabase[] databases = [.. Enumerable.Range(1, 3).Select(static i => ModelledDatabase.Named("model", i))];
        for (var generation = 0; generation < 3; generation++)
        {
            var image = node.Folder + "-image";
            var synced = node.Folder + "-synced";
            ulong[] confirmed;
            var files = new FaultyFiles();
            await using (var storage = node.Open(o =>
            {
                o.HistoryBytesMax = random.Next(2) == 0 ? 256 << 10 : null;
                o.LogFiles = files;
            }))
            {
                foreach (var database in databases)
                {
                    database.Open(storage);
                    database.Check();
                }

                await storage.CheckpointAsync(CancellationToken.None);
                TemporaryNode.Copy(Path.Combine(node.Folder, "objects"), synced, optional: true);
                for (var steps = random.Next(5, 40); steps > 0; steps--)
                {
                    var database = databases[random.Next(databases.Length)];
                    switch (random.Next(20))
                    {
                        case 0:
                            await Task.WhenAll(databases.Select(static d => d.Confirmed()));
                            await storage.CheckpointAsync(CancellationToken.None);
                            Directory.Delete(synced, recursive: true);
                            TemporaryNode.Copy(Path.Combine(node.Folder, "objects"), synced, optional: true);
                            break;
                        case 1:
                            await database.Confirmed();
                            await database.Store.WhenSettled();
                            storage.CloseDatabase(database.Store);
                            database.Open(storage);
                            database.Check();
                            break;
                        case 2:
                            await database.Confirmed();
                            database.Store.Flush();
                            break;
                        default:
                            database.Commit(random, pagesMax: 12);
                            break;
                    }
                }

                confirmed = [.. databases.Select(static d => d.Store.Confirmed.Transaction)];

                // Copying takes longer than a batch: without this the end of one segment could be older than the next segment.
                using (files.HoldSyncs())
                {
                    TemporaryNode.Copy(node.Folder, image);
                }
            }

            if (random.Next(2) == 0)
            {
                LoseUnsynced(Path.Combine(image, "objects"), synced, random);
            }

            Directory.Delete(node.Folder, recursive: true);
            Directory.Delete(synced, recursive: true);
            Directory.Move(image, node.Folder);
            await using var crashed = node.Open();
            for (var i = 0; i < databases.Length; i++)
            {
                var database = databases[i];
                database.Open(crashed);
                var found = database.Store.State.Transaction;
                Assert.InRange(found, confirmed[i], database.Newest);
                database.CutTo(found);
                database.Check();
            }
        }
    }

    private static void LoseUnsynced(string folder, string synced, Random random)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            var now = File.ReadAllBytes(file);
            var path = synced + file[folder.Length..];
            var before = File.Exists(path) ? File.ReadAllBytes(path) : null;
            if (before is null && random.Next(3) == 0)
            {
                File.Delete(file);
                continue;
            }

            var mixed = new byte[random.Next(2) == 0 ? now.Length : before?.Length ?? 0];
            for (var at = 0; at < mixed.Length; at += 4096)
            {
                // A block beyond what a file had is one of zeros until it is written.
                var source = random.Next(2) == 0 ? now : before ?? [];
                var count = Math.Min(4096, Math.Min(mixed.Length, source.Length) - at);
                if (count > 0)
                {
                    source.AsSpan(at, count).CopyTo(mixed.AsSpan(at));
                }
            }

            File.WriteAllBytes(file, mixed);
        }
    }
}
