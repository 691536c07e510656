using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Acceptance.Repository;

namespace Acceptance.Guides;

/// <summary>
/// Does what docs/fleet.md says, in one terminal, block by block: in this repository, for it is built already. That a fresh
/// clone builds is shown by the README's tests.
/// </summary>
public sealed partial class FleetGuideTests : IAsyncLifetime
{
    private static readonly string s_fleet = Path.Combine(RepositoryRoot.Path, "artifacts", "fleet");

    private readonly PortsOfItsOwn _ports = new PortsOfItsOwn().WithTen("880").WithTen("881").WithTen("882").WithTen("883").With("6399");
    private Terminal _terminal = null!;

    public ValueTask InitializeAsync()
    {
        Clear();
        _terminal = new Terminal(RepositoryRoot.Path);
        return ValueTask.CompletedTask;
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
        var file = await File.ReadAllBytesAsync(Path.Combine(s_fleet, "LX01.sqlite"));
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
        return Directory.Exists(s_fleet)
            ? Directory.EnumerateFiles(s_fleet, file, SearchOption.AllDirectories).Select(static found => int.Parse(File.ReadAllText(found), CultureInfo.InvariantCulture))
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

        Clear();
    }

    // What a fleet before has left, whose test was ended.
    private static void Clear()
    {
        if (Directory.Exists(s_fleet))
        {
            Directory.Delete(s_fleet, recursive: true);
        }
    }

    [GeneratedRegex("\"passenger\":\"Ada\"")]
    private static partial Regex Ada();

    [GeneratedRegex(@"\b[0-9a-f]{16}-[0-9a-f]{8}\b")]
    private static partial Regex Bookmark();
}
