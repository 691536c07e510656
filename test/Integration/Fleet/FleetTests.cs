using System.Net;
using Skerry.Objects.Tests.Fleet;

namespace Integration.Fleet;

/// <summary>What an operator is promised, on real processes.</summary>
public sealed class FleetTests(MembershipServers servers)
{
    private const int EndedByFence = 75;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_of_six_nodes_are_killed_under_load_and_nothing_confirmed_is_lost(bool meetInPostgres)
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 6, settings: meetInPostgres ? ["--cluster-membership", await PostgresAsync()] : null);
        SkerryNode[] victims = [fleet.Nodes[1], fleet.Nodes[4]];
        var asked = fleet.Nodes.Except(victims).Select(static node => node.Gateway).ToList();
        using var bookings = new Bookings(() => asked);
        using var stop = new CancellationTokenSource();
        var clients = bookings.RunAsync(clients: 6, stop.Token);

        await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > 100), "100 bookings");
        await Task.WhenAll(victims.Select(static node => node.KillAsync()));
        var before = bookings.Confirmed;
        await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > before + 100), "100 more bookings after the kill");
        await stop.CancelAsync();
        await clients;

        await bookings.CheckAsync();
        await fleet.SettleAsync();
        var (code, output) = await fleet.Nodes[0].CommandAsync("nodes");
        Assert.Equal(0, code);
        Assert.Contains("nothing would be lost", output, StringComparison.Ordinal);
    }

    private async Task<string> PostgresAsync()
    {
        var server = new Npgsql.NpgsqlConnectionStringBuilder(await servers.Postgres);
        return $"postgres://{server.Username}@{server.Host}:{server.Port}/{server.Database}";
    }

    [Fact]
    public async Task The_whole_fleet_is_killed_and_starts_again_with_everything()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        using var bookings = new Bookings(() => [.. fleet.Nodes.Select(static node => node.Gateway)]);
        for (var round = 0; round < 2; round++)
        {
            using var stop = new CancellationTokenSource();
            var clients = bookings.RunAsync(clients: 4, stop.Token);
            var before = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(clients.IsFaulted || bookings.Confirmed > before + 50), "50 bookings");
            await Task.WhenAll(fleet.Nodes.Select(static node => node.KillAsync()));
            await stop.CancelAsync();
            await clients;
            await Task.WhenAll(fleet.Nodes.Select(static node => node.StartAsync()));
            await bookings.CheckAsync();
        }
    }

    [Fact]
    public async Task A_frozen_owner_is_fenced_and_answers_nobody_when_it_goes_on()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        using var bookings = new Bookings(() => [fleet.Nodes[0].Gateway]);
        Assert.True(await bookings.BookAsync(fleet.Nodes[0].Gateway, "LX14", "1A", "Ada"));
        var owner = await OwnerOfAsync(fleet, "LX14");
        var other = fleet.Nodes.First(node => node != owner);

        // What the frozen node is asked now it reads when it goes on.
        owner.Freeze();
        using var http = new HttpClient { Timeout = Waiting.Bound };
        var late = http.GetAsync(new Uri(owner.Gateway, "flights/LX14/seats"));
        await Waiting.UntilAsync(() => bookings.BookAsync(other.Gateway, "LX14", "1B", "Grace"), "a booking elsewhere");
        owner.Thaw();

        // It may pass the question on, or fail; but it must not answer from what it had.
        try
        {
            using var answer = await late;
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode != HttpStatusCode.OK || !text.Contains("\"1B\"", StringComparison.Ordinal), text);
        }
        catch (HttpRequestException)
        {
        }

        Assert.Equal(EndedByFence, await owner.EndAsync());
        await owner.StartAsync();
        using var last = new Bookings(() => [owner.Gateway]);
        Assert.True(await last.BookAsync(owner.Gateway, "LX14", "1C", "Edsger"));
        await fleet.SettleAsync();
    }

    [Fact]
    public async Task A_rolling_restart_fails_no_call()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        IReadOnlyList<Uri> asked = [];
        using var bookings = new Bookings(() => asked);
        foreach (var node in fleet.Nodes)
        {
            asked = [.. fleet.Nodes.Except([node]).Select(static other => other.Gateway)];
            using var stop = new CancellationTokenSource();
            var clients = bookings.RunAsync(clients: 4, stop.Token);
            var before = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > before + 30), "30 bookings before");
            Assert.Equal(0, await node.StopAsync());
            var stopped = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > stopped + 30), "30 bookings after");
            await stop.CancelAsync();
            await clients;
            await node.StartAsync();
            await fleet.SettleAsync();
        }

        Assert.Empty(bookings.Errors);
        await bookings.CheckAsync();
    }

    [Fact]
    public async Task An_operator_goes_back_in_time_across_a_takeover()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        using var bookings = new Bookings(() => [fleet.Nodes[0].Gateway]);
        Assert.True(await bookings.BookAsync(fleet.Nodes[0].Gateway, "LX14", "1A", "Ada"));
        var (code, history) = await fleet.Nodes[0].CommandAsync("objects", "history", "flight", "LX14", "--json");
        Assert.True(code == 0, history);
        var bookmark = System.Text.RegularExpressions.Regex.Match(history, "[0-9a-f]{16}-[0-9a-f]{8}").Value;

        var owner = await OwnerOfAsync(fleet, "LX14");
        await owner.KillAsync();
        var other = fleet.Nodes.First(node => node != owner);
        await Waiting.UntilAsync(() => bookings.BookAsync(other.Gateway, "LX14", "1B", "Grace"), "a booking elsewhere");

        var verified = await other.CommandAsync("objects", "verify", "flight", "LX14");
        Assert.True(verified.Code == 0, verified.Output);
        var file = Path.Combine(fleet.Folder, "then.sqlite");
        var exported = await other.CommandAsync("objects", "export", "flight", "LX14", "--at", bookmark, "--out", file);
        Assert.True(exported.Code == 0, exported.Output);
        Assert.Equal("SQLite format 3", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(file), 0, 15));
        var restored = await other.CommandAsync("objects", "restore", "flight", "LX14", "--to", bookmark);
        Assert.True(restored.Code == 0, restored.Output);

        using var http = new HttpClient { BaseAddress = other.Gateway, Timeout = Waiting.Bound };
        var free = await http.GetStringAsync("flights/LX14/seats");
        Assert.DoesNotContain("\"1A\"", free, StringComparison.Ordinal);
        Assert.Contains("\"1B\"", free, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_are_refused_with_the_reason()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 1);
        var key = Path.Combine(fleet.Folder, "other-key");
        using (var random = System.Security.Cryptography.RandomNumberGenerator.Create())
        {
            Skerry.Storage.Relay.Security.ClusterKeyFile.LoadOrCreate(key, random);
        }

        await using var stranger = new SkerryNode("stranger", fleet.Folder, fleet.ArgumentsFor("stranger", key));
        var (code, output) = await stranger.RefusesAsync();
        Assert.Equal(2, code);
        Assert.Contains("another cluster", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_opens_only_the_listeners_of_its_roles()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 1);
        await using var worker = new SkerryNode("n2", fleet.Folder, [.. fleet.ArgumentsFor("n2"), "--node-roles", "objects"]);
        await worker.StartAsync();
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(worker.Gateway, "health")));
        var (code, output) = await worker.CommandAsync("nodes");
        Assert.Equal(3, code);
        Assert.Contains("no management API", output, StringComparison.Ordinal);

        var seen = await SkerryFleet.LookAsync(fleet.Nodes[0]);
        Assert.Contains(seen.GetProperty("nodes").EnumerateArray(), static one => one.GetProperty("name").GetString() == "n2");
        Assert.Equal(0, await worker.StopAsync());
    }

    private static async Task<SkerryNode> OwnerOfAsync(SkerryFleet fleet, string flight)
    {
        // Whoever has its object in memory has its database open.
        using var http = new HttpClient { Timeout = Waiting.Bound };
        _ = await http.GetStringAsync(new Uri(fleet.Nodes[0].Gateway, $"flights/{flight}/seats"));
        SkerryNode? owner = null;
        await Waiting.UntilAsync(() =>
        {
            var record = Directory.EnumerateFiles(Path.Combine(fleet.Bucket, "objects", "flight"), "owner", SearchOption.AllDirectories).Single();
            var session = System.Text.RegularExpressions.Regex.Match(File.ReadAllText(record), "[0-9a-f]{32}").Value;
            var name = System.Text.RegularExpressions.Regex.Match(File.ReadAllText(Path.Combine(fleet.Bucket, "sessions", session)), "\"name\":\"(n[0-9])\"").Groups[1].Value;
            owner = fleet.Nodes.FirstOrDefault(node => node.Name == name);
            return Task.FromResult(owner is not null);
        }, $"an owner of {flight}");
        return owner!;
    }
}
