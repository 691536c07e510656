using Skerry.Objects.Tests.Fleet;

namespace Integration.Fleet;

/// <summary>What an operator is promised, on real processes that each test has for itself.</summary>
public sealed class FleetTests(MembershipServers servers)
{
    // Over PostgreSQL and a folder. With Redis and S3, S3FleetTests has the same.
    [Fact]
    public async Task Two_of_six_nodes_are_killed_under_load_and_nothing_confirmed_is_lost()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 6, settings: ["--cluster-membership", await PostgresAsync()]);
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
}
