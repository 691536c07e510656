using System.Collections.Concurrent;
using System.Diagnostics;
using Skerry.Crash.Host;

namespace Skerry.Crash.Kill;

/// <summary>
/// A node under load is killed at random moments and started again on its folder, many times over. Each ledger's state
/// must then be one that its steps lead to, and not earlier than anything that any answer ever showed.
/// </summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const int Ledgers = 40;
    private static readonly bool Long = Environment.GetEnvironmentVariable("SKERRY_LONG") == "1";

    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-kill-").FullName;
    private readonly ConcurrentDictionary<string, long> _alarms = new();
    private readonly long[] _seen = new long[Ledgers];
    private readonly LedgerModel[] _models = [.. Enumerable.Range(0, Ledgers).Select(static i => new LedgerModel($"ledger-{i}"))];
    private string[] _ids = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Nothing_that_an_answer_showed_is_lost_by_killing_the_node()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SKERRY_SEED"), out var given) ? given : Random.Shared.Next();
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("SKERRY_ROUNDS"), out var wanted) ? wanted : Long ? 2_000 : 40;
        var random = new Random(seed);
        var watch = Stopwatch.StartNew();
        var starting = TimeSpan.Zero;
        for (var round = 0; round < rounds; round++)
        {
            try
            {
                var began = watch.Elapsed;
                await using var node = await NodeProcess.StartAsync(_folder, RememberAlarm);
                starting += watch.Elapsed - began;
                await CheckAsync(node, alarms: round % 10 == 9);
                await LoadAsync(node, random);
                await node.KillAsync();
            }
            catch (Exception e)
            {
                Assert.Fail($"Round {round}: {e}\nReplay: SKERRY_SEED={seed} SKERRY_ROUNDS={round + 1} dotnet test test/Crash -c Release --filter FullyQualifiedName~KillTests\nThe folder is {Keep()}.");
            }
        }

        await using (var last = await NodeProcess.StartAsync(_folder, RememberAlarm))
        {
            await CheckAsync(last, alarms: true);
            await last.StopAsync();
        }

        var files = Directory.GetFiles(Path.Combine(_folder, "objects"), "*.sqlite", SearchOption.AllDirectories);
        Assert.Equal(Ledgers, files.Length);
        foreach (var file in files)
        {
            Assert.Equal("ok", SqliteShell.Run(file, "PRAGMA integrity_check"));
        }

        output.WriteLine($"seed {seed}: {rounds} kills in {watch.Elapsed.TotalSeconds:0} s, {starting.TotalMilliseconds / rounds:0} ms a start, {_seen.Sum()} steps seen");
    }

    private string Keep()
    {
        var kept = _folder + "-kept";
        Directory.Move(_folder, kept);
        Directory.CreateDirectory(_folder);
        return kept;
    }

    private void RememberAlarm(string id, long version) => _alarms.AddOrUpdate(id, version, (_, before) => Math.Max(before, version));

    private async Task LoadAsync(NodeProcess node, Random random)
    {
        var stop = false;
        var clients = Enumerable.Range(0, 16).Select(_ => ClientAsync(node, new Random(random.Next()), () => Volatile.Read(ref stop))).ToArray();

        // The one clock in this test: when to kill is what is random.
        await Task.Delay(random.Next(20, 350));
        var kill = node.KillAsync();
        await kill;
        Volatile.Write(ref stop, true);
        await Task.WhenAll(clients);
    }

    private async Task ClientAsync(NodeProcess node, Random random, Func<bool> stopped)
    {
        while (!stopped())
        {
            var ledger = random.Next(Ledgers);
            try
            {
                if (random.Next(5) > 0)
                {
                    See(ledger, long.Parse(await node.AskAsync($"step ledger-{ledger}")));
                }
                else
                {
                    See(ledger, VersionOf(await node.AskAsync($"state ledger-{ledger}")));
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void See(int ledger, long version)
    {
        lock (_seen)
        {
            _seen[ledger] = Math.Max(_seen[ledger], version);
        }
    }

    private static long VersionOf(string state) => long.Parse(state.AsSpan(state.IndexOf('=') + 1, state.IndexOf(' ') - state.IndexOf('=') - 1));

    private async Task CheckAsync(NodeProcess node, bool alarms)
    {
        if (_ids.Length == 0)
        {
            _ids = await Task.WhenAll(Enumerable.Range(0, Ledgers).Select(i => node.AskAsync($"id ledger-{i}")));
        }

        if (alarms)
        {
            // Before anything else touches the objects: their alarms must come from what the node itself has kept.
            var waiting = Stopwatch.StartNew();
            for (var i = 0; i < Ledgers; i++)
            {
                var owed = _seen[i] / LedgerModel.AlarmEvery * LedgerModel.AlarmEvery;
                while (_alarms.GetValueOrDefault(_ids[i]) < owed)
                {
                    Assert.True(waiting.Elapsed < TimeSpan.FromSeconds(60), $"the alarm that step {owed} of ledger {i} has set does not run; the last seen is {_alarms.GetValueOrDefault(_ids[i])}");
                    await Task.Delay(5);
                }
            }
        }

        var states = await Task.WhenAll(Enumerable.Range(0, Ledgers).Select(i => node.AskAsync($"state ledger-{i}")));
        for (var i = 0; i < Ledgers; i++)
        {
            var version = VersionOf(states[i]);
            Assert.True(version >= _seen[i], $"ledger {i} is at step {version}, but an answer has shown step {_seen[i]}");
            Assert.Equal(_models[i].AdvanceTo(version).ToString(), states[i]);
            See(i, version);
        }
    }
}
