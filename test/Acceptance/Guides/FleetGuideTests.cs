using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Acceptance.Readme;
using Acceptance.Repository;

namespace Acceptance.Guides;

/// <summary>Does what docs/fleet.md says, in a clone and in one terminal, block by block.</summary>
public sealed partial class FleetGuideTests : IAsyncLifetime
{
    private readonly ScratchClone _clone = new();
    private readonly PortsOfItsOwn _ports = new PortsOfItsOwn().WithTen("880").WithTen("881").WithTen("882").WithTen("883").With("6399");
    private Terminal _terminal = null!;

    public async ValueTask InitializeAsync()
    {
        await _clone.InitializeAsync();
        _terminal = new Terminal(_clone.Path);
    }

    [Fact]
    public async Task Six_nodes_are_started_lose_two_keep_every_booking_and_go_back_in_time()
    {
        var nodes = await RunAsync("redis-server");
        Assert.All(Enumerable.Range(1, 6), n => Assert.Contains($"node{n}", nodes, StringComparison.Ordinal));
        await UntilAsync("skerry nodes --data artifacts/fleet/node1", "nothing would be lost");

        var bookings = await RunAsync("kill -9");
        Assert.Equal(12, Ada().Count(bookings));
        Assert.Equal(12, (await RunAsync("grep -c Ada")).Split('\n').Count(static line => line == "1"));
        await UntilAsync("skerry nodes --data artifacts/fleet/node1", "node4", without: "node5");

        await RunAsync("start 5; start 6");
        await UntilAsync("skerry nodes --data artifacts/fleet/node1", "node6");

        var history = await RunAsync("objects history");
        var second = Bookmark().Matches(history)[1].Value;
        var restored = await _terminal.RunAsync(Indented("skerry objects restore").Replace("BOOKMARK", second, StringComparison.Ordinal));
        Assert.Contains("skerry objects restore", restored, StringComparison.Ordinal);
        var map = await _terminal.RunAsync(_ports.In("curl -sf http://127.0.0.1:8803/flights/LX01/map"));
        Assert.Contains("Ada", map, StringComparison.Ordinal);
        Assert.DoesNotContain("Grace", map, StringComparison.Ordinal);

        await RunAsync("objects export");
        var file = await File.ReadAllBytesAsync(Path.Combine(_clone.Path, "artifacts/fleet/LX01.sqlite"));
        Assert.Equal("SQLite format 3", Encoding.ASCII.GetString(file, 0, 15));

        // The nodes are jobs, and have been waited for; Redis is not, and ends when it has got round to it.
        await RunAsync("kill -TERM");
        Assert.All(Nodes(), static id => Assert.False(IsRunning(id)));
        await _terminal.RunAsync("while [ -e artifacts/fleet/redis.pid ]; do sleep 0.1; done");
    }

    private Task<string> RunAsync(string part) => _terminal.RunAsync(_ports.In(Blocks.Of("docs/fleet.md").Shell(part)));

    // What "after a few seconds" means depends on the machine.
    private Task<string> UntilAsync(string command, string part, string? without = null) => _terminal.RunAsync(
        $"until {{ seen=$({command}) && grep -q '{part}' <<<\"$seen\"{(without is null ? "" : $" && ! grep -q '{without}' <<<\"$seen\"")}; }}; do sleep 0.3; done; echo \"$seen\"");

    private static string Indented(string command) =>
        Assert.Single(RepositoryRoot.Read("docs/fleet.md").Split('\n'), line => line.StartsWith($"    {command}", StringComparison.Ordinal)).Trim();

    private IEnumerable<int> Nodes() => Processes("skerry.lock");

    private IEnumerable<int> Processes(string file)
    {
        var folder = Path.Combine(_clone.Path, "artifacts/fleet");
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, file, SearchOption.AllDirectories).Select(static found => int.Parse(File.ReadAllText(found), CultureInfo.InvariantCulture))
            : [];
    }

    private static bool IsRunning(int id)
    {
        try
        {
            // Of what nobody has waited for, the number is still there.
            return !File.ReadAllText($"/proc/{id}/status").Contains("State:\tZ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Nodes are jobs of the shell; Redis went to the background by itself.
        await _terminal.DisposeAsync();
        foreach (var id in Nodes().Concat(Processes("redis.pid")).Where(IsRunning).ToList())
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            process.Kill();
            await process.WaitForExitAsync();
        }

        await _clone.DisposeAsync();
    }

    [GeneratedRegex("\"passenger\":\"Ada\"")]
    private static partial Regex Ada();

    [GeneratedRegex(@"\b[0-9a-f]{16}-[0-9a-f]{8}\b")]
    private static partial Regex Bookmark();
}
