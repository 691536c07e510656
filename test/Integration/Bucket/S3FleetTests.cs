using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Integration.Fleet;
using Skerry.Storage.Tests.Buckets;

namespace Integration.Bucket;

/// <summary>A whole fleet over a real S3 server, which is also away for a while, in every way that a server can be away.</summary>
[Collection(S3Collection.Name)]
public sealed partial class S3FleetTests(S3Fleet six) : IClassFixture<S3Fleet>
{
    private static readonly bool s_long = Environment.GetEnvironmentVariable("SKERRY_LONG") == "1";
    private static readonly TimeSpan s_phase = s_long ? TimeSpan.FromSeconds(200) : TimeSpan.FromSeconds(8);

    // Twice as long as followers wait for a heartbeat.
    private static readonly TimeSpan s_missed = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Two_nodes_are_killed_and_an_operator_goes_back_in_time()
    {
        var fleet = await six.ReadyAsync();
        SkerryNode[] victims = [fleet.Nodes[1], fleet.Nodes[4]];
        var asked = fleet.Nodes.Except(victims).Select(static node => node.Gateway).ToList();
        using var bookings = new Bookings(() => asked);
        var load = new FlightLoad("K", bookings, clients: 6, flightsEach: 2);
        await load.PrepareAsync(asked);
        using var stop = new CancellationTokenSource();
        var clients = load.RunAsync(() => asked, TimeSpan.FromMilliseconds(20), stop.Token);
        await Task.WhenAll(victims.Select(static node => node.KillAsync()));
        var before = bookings.Confirmed;
        await Waiting.UntilAsync(() => Task.FromResult(clients.IsCompleted || bookings.Confirmed > before + 100), "100 bookings after the kill");
        await stop.CancelAsync();
        await clients;
        await bookings.CheckAsync();

        // By the command line, on any node.
        var flight = load.Flights.First();
        var (code, history) = await fleet.Nodes[0].CommandAsync("objects", "history", "flight", flight);
        Assert.True(code == 0, history);
        var bookmarks = ABookmark().Matches(history).Select(static match => match.Value).ToList();
        var file = Path.Combine(fleet.Folder, $"{flight}.sqlite");
        var exported = await fleet.Nodes[2].CommandAsync("objects", "export", "flight", flight, "--at", bookmarks[1], "--out", file);
        Assert.True(exported.Code == 0, exported.Output);
        Assert.Equal("SQLite format 3", System.Text.Encoding.ASCII.GetString(await File.ReadAllBytesAsync(file), 0, 15));
        var newest = (await BookedAsync(asked[0], flight)).Count();
        var restored = await fleet.Nodes[3].CommandAsync("objects", "restore", "flight", flight, "--to", bookmarks[1]);
        Assert.True(restored.Code == 0, restored.Output);
        Assert.Equal(newest - 1, (await BookedAsync(asked[1], flight)).Count());
        var verified = await fleet.Nodes[5].CommandAsync("objects", "verify", "flight", flight);
        Assert.True(verified.Code == 0, verified.Output);
    }

    [Fact]
    public async Task Confirmed_writes_go_on_while_the_bucket_is_away_and_nothing_is_lost()
    {
        var fleet = await six.ReadyAsync();
        var way = six.Way;
        var (asked, victim) = (fleet.Nodes.Take(5).Select(static node => node.Gateway).ToList(), fleet.Nodes[5]);
        using var bookings = new Bookings(() => asked);
        var load = new FlightLoad("LX", bookings, clients: 6, flightsEach: 6);
        await load.PrepareAsync(asked);
        Assert.Equal(200, (await BookOnceAsync(asked[0], "REST", "1A")).Code);

        using var stop = new CancellationTokenSource();
        var clients = load.RunAsync(() => asked, s_phase * 3 * 6 / load.Capacity * 1.3, stop.Token);
        Task<(int Code, string Body)>? newcomer = null;
        using (var api = await ObjectApi.OfAsync(fleet.Nodes[0]))
        {
            Assert.Equal("ok", (await api.HealthAsync()).Body.GetProperty("status").GetString());
            foreach (var fault in new[] { BucketWay.Refuses, BucketWay.Answers503, BucketWay.Hangs })
            {
                var before = bookings.Confirmed;
                await way.TurnAsync(fault);
                newcomer ??= BookOnceAsync(asked[1], "NEW");
                await Task.Delay(s_phase);
                await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > before + 50), $"50 bookings while the bucket {fault}", () => Last(bookings));
                var (code, body) = await BookOnceAsync(asked[2], "REST", $"1{"ABCD"[(int)fault]}");
                Assert.True(code == 200, body);
            }

            // Health says so, and that writes are taken all the same.
            JsonElement health = default;
            await Waiting.UntilAsync(
                async () =>
                {
                    (var status, health) = await api.HealthAsync();
                    Assert.Equal(200, status);
                    return health.GetProperty("status").GetString() == "degraded";
                },
                "health that says degraded");
            Assert.Contains($"127.0.0.1:{way.Port}", health.GetProperty("bucket").GetProperty("detail").GetString(), StringComparison.Ordinal);

            // Who wants an object that nobody owns has been told what is wrong.
            var (refused, why) = await newcomer!;
            Assert.True(refused == 503 && why.Contains("unavailable", StringComparison.Ordinal) && why.Contains("bucket", StringComparison.OrdinalIgnoreCase), $"{refused} {why}");
            TestContext.Current.TestOutputHelper?.WriteLine(string.Join("; ", fleet.Nodes.Select(Use)));

            // An owner dies before the bucket is back. Its followers miss it, and get no further than to the bucket.
            await victim.KillAsync();
            await Task.Delay(s_missed);
            await way.TurnAsync(BucketWay.Open);
            var back = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(clients.IsCompleted || bookings.Confirmed > back + 50), "50 bookings after the outage");
            await stop.CancelAsync();
            await clients;
            await Waiting.UntilAsync(async () => (await BookOnceAsync(asked[1], "NEW", "2A")).Code == 200, "a booking of a new flight");

            await bookings.CheckAsync();
            Assert.Equal(["1A", "1B", "1C", "1D"], await BookedAsync(asked[4], "REST"));
            await SettledAsync(fleet, victim);
            Assert.Equal("ok", (await api.HealthAsync()).Body.GetProperty("status").GetString());
            foreach (var flight in load.Flights.Append("REST").Append("NEW"))
            {
                Assert.Empty(await api.VerifyAsync(flight));
            }
        }

        var (exit, output) = await fleet.Nodes[2].CommandAsync("objects", "verify", "flight", "LX7");
        Assert.True(exit == 0, output);
    }

    private static async Task<(int Code, string Body)> BookOnceAsync(Uri gateway, string flight, string seat = "1A")
    {
        using var http = new HttpClient { Timeout = Waiting.Bound };
        using var answer = await http.PostAsync(new Uri(gateway, $"flights/{flight}/seats/{seat}"), new StringContent($"{{\"passenger\":\"{flight} {seat}\"}}"));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<IEnumerable<string?>> BookedAsync(Uri gateway, string flight)
    {
        using var http = new HttpClient { Timeout = Waiting.Bound };
        var map = await http.GetFromJsonAsync<JsonElement>(new Uri(gateway, $"flights/{flight}/map"));
        return [.. map.GetProperty("seats").EnumerateArray().Where(static seat => seat.GetProperty("passenger").GetString() is not null).Select(static seat => seat.GetProperty("number").GetString())];
    }

    private static string Last(Bookings bookings) => bookings.Errors.LastOrDefault() ?? "none";

    private static string Use(SkerryNode node)
    {
        using var process = Process.GetProcessById(node.ProcessId);
        var disk = new[] { "spool", "followed" }
            .Select(folder => Directory.EnumerateFiles(Path.Combine(node.Data, folder), "*", SearchOption.AllDirectories).Sum(static file => new FileInfo(file).Length));
        return $"{node.Name}: {process.WorkingSet64 >> 20} MiB of memory, {string.Join(" + ", disk.Select(static bytes => $"{bytes >> 10} KiB"))} of log";
    }

    // A set of five that has lost one stays: any other could lose no more.
    private static async Task SettledAsync(SkerryFleet fleet, SkerryNode dead)
    {
        JsonElement seen = default;
        await Waiting.UntilAsync(
            async () =>
            {
                seen = (await SkerryFleet.LookAsync(fleet.Nodes[0])).GetProperty("nodes");
                var members = seen.EnumerateArray().ToList();
                return members.Count == fleet.Nodes.Count - 1
                    && members.All(one => one.GetProperty("name").GetString() != dead.Name
                        && one.GetProperty("log") is { ValueKind: JsonValueKind.Object } log
                        && log.GetProperty("uploaded").GetInt64() == log.GetProperty("appended").GetInt64()
                        && log.GetProperty("followers").EnumerateArray().Count(static f => f.GetProperty("state").GetString() == "following") >= 3);
            },
            "five nodes, and everything in the bucket",
            () => $"{seen} {string.Concat(fleet.Nodes.Select(static node => $"{node.Name}:\n{node.Output}\n"))}");
    }

    [GeneratedRegex(@"\b[0-9a-f]{16}-[0-9a-f]{8}\b")]
    private static partial Regex ABookmark();
}
