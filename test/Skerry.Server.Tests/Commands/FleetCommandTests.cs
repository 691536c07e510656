using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Skerry.Objects.Tests.Fleet;
using Skerry.Server.Tests.Process;
using Skerry.Storage.Archive;

namespace Skerry.Server.Tests.Commands;

/// <summary>Three nodes in processes of their own, a folder as their bucket, and Redis where they meet.</summary>
public sealed class FleetCommandTests(CommandFleet fleet) : IClassFixture<CommandFleet>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_cluster_is_shown_from_any_node_and_nothing_would_be_lost_with_one()
    {
        await fleet.Book("shown", "1A", "Ada");
        foreach (var node in CommandFleet.Names)
        {
            var shown = await fleet.Run("nodes", "--data", node);
            Assert.Equal((0, ""), (shown.Code, shown.Errors));
            Assert.All(CommandFleet.Names, name => Assert.Contains(name, shown.Output, StringComparison.Ordinal));
            Assert.DoesNotContain("would be lost:", shown.Output, StringComparison.Ordinal);
            Assert.Contains("nothing would be lost", shown.Output, StringComparison.Ordinal);
        }

        var json = await fleet.Json("nodes", "--data", CommandFleet.Names[0], "--json");
        Assert.Equal("skerry", json.GetProperty("cluster").GetString());
        Assert.All(json.GetProperty("nodes").EnumerateArray(), node =>
        {
            Assert.Equal("running", node.GetProperty("state").GetString());
            Assert.Equal(3, node.GetProperty("log").GetProperty("followers").GetArrayLength());
        });
    }

    [Fact]
    public async Task A_token_is_one_on_every_node_and_ends_on_every_node()
    {
        Assert.Single(CommandFleet.Names.Select((_, node) => fleet.Credentials(node, "account_id")).Distinct());
        var made = await fleet.Run("tokens", "create", "everywhere", "--allow", "Account API Tokens Read", "--data", CommandFleet.Names[0]);
        Assert.Equal((0, ""), (made.Code, made.Errors));
        var value = made.Output.Trim();
        for (var node = 0; node < CommandFleet.Names.Count; node++)
        {
            Assert.Equal(HttpStatusCode.OK, await Verify(node, value));
        }

        // In use everywhere while another node gives it another value.
        var id = (await fleet.Json("tokens", "list", "--data", CommandFleet.Names[1], "--json")).EnumerateArray()
            .Single(static one => one.GetProperty("name").GetString() == "everywhere").GetProperty("id").GetString()!;
        var rolled = await fleet.Run("tokens", "roll", id, "--data", CommandFleet.Names[1]);
        Assert.Equal((0, ""), (rolled.Code, rolled.Errors));
        for (var node = 0; node < CommandFleet.Names.Count; node++)
        {
            await CommandFleet.Until(async () => await Verify(node, value) == HttpStatusCode.Unauthorized);
            Assert.Equal(HttpStatusCode.OK, await Verify(node, rolled.Output.Trim()));
        }

        Assert.Equal(0, (await fleet.Run("tokens", "delete", id, "--data", CommandFleet.Names[2])).Code);
        await CommandFleet.Until(async () => await Verify(0, rolled.Output.Trim()) == HttpStatusCode.Unauthorized);
        var verified = await fleet.Run("audit", "verify", "--data", CommandFleet.Names[0]);
        Assert.Equal(0, verified.Code);
        Assert.Contains("are as they were written", verified.Output, StringComparison.Ordinal);

        async Task<HttpStatusCode> Verify(int node, string token)
        {
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
            using var answer = await http.GetAsync(new Uri($"{fleet.Credentials(node, "api_url")}/client/v4/accounts/{fleet.Credentials(node, "account_id")}/tokens/verify"), Cancel);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Health_tells_the_dashboard_of_followers_and_the_gateway_nothing()
    {
        await fleet.Book("followed", "1A", "Ada");
        var health = await fleet.Get(fleet.Credentials(0, "api_url"));
        Assert.Equal((CommandFleet.Names[0], "skerry"), (health.GetProperty("node").GetString(), health.GetProperty("cluster").GetString()));
        var log = health.GetProperty("log");
        Assert.Equal(CommandFleet.Names.Order(), log.GetProperty("followers").EnumerateArray().Select(static one => one.GetProperty("name").GetString()!).Order());
        Assert.True(log.GetProperty("bytes_not_uploaded").GetInt64() >= 0);
        Assert.False((await fleet.Get(fleet.Credentials(0, "gateway_url"))).TryGetProperty("log", out _));
    }

    [Fact]
    public async Task Health_says_what_the_bucket_costs_and_which_objects_cost_it()
    {
        await fleet.Book("costly", "1A", "Ada");
        var (puts, bytes, own) = (0L, 0L, 0.0);
        await CommandFleet.Until(async () =>
        {
            // The object is on one of the nodes; its first batch is put after ten seconds.
            (puts, bytes, own) = (0, 0, 0);
            for (var node = 0; node < CommandFleet.Names.Count; node++)
            {
                var bucket = (await fleet.Get(fleet.Credentials(node, "api_url"))).GetProperty("bucket");
                puts += bucket.GetProperty("puts").GetInt64();
                bytes += bucket.GetProperty("put_bytes").GetInt64();
                foreach (var one in bucket.GetProperty("costliest_objects").EnumerateArray().Where(static one => one.GetProperty("namespace").GetString() == "flight"))
                {
                    Assert.Equal(64, one.GetProperty("id").GetString()!.Length);
                    Assert.True(one.GetProperty("put_bytes").GetInt64() > 0);
                    own += one.GetProperty("puts").GetDouble();
                }
            }

            return own > 0;
        });
        Assert.InRange(own, 0.001, puts);
        Assert.True(bytes > 0);
    }

    [Fact]
    public async Task An_objects_past_can_be_had_through_any_node()
    {
        await fleet.Book("past", "1A", "Ada");
        await fleet.Book("past", "2B", "Grace");
        List<string>? bookmarks = null;
        foreach (var node in CommandFleet.Names)
        {
            var history = await fleet.Json("objects", "history", "flight", "past", "--data", node, "--json");
            var found = history.GetProperty("versions").EnumerateArray().Select(one => one.GetProperty("bookmark").GetString()!).ToList();
            bookmarks ??= found;
            Assert.Equal(bookmarks, found);
            Assert.True(found.Count >= 2);

            Assert.Equal(0, (await fleet.Run("objects", "export", "flight", "past", "--data", node, "--out", $"{node}.sqlite")).Code);
            Assert.Equal(2, PlainSqlite.Number(Path.Combine(fleet.Folder, $"{node}.sqlite"), "select count(passenger) from seats"));
            Assert.Equal(0, (await fleet.Run("objects", "verify", "flight", "past", "--data", node)).Code);
        }

        // Restored through one node, undone through another.
        var restored = await fleet.Json("objects", "restore", "flight", "past", "--to", bookmarks![1], "--data", CommandFleet.Names[1], "--json");
        Assert.Equal(1, await fleet.Taken("past"));
        await fleet.Json("objects", "restore", "flight", "past", "--to", restored.GetProperty("undo").GetString()!, "--data", CommandFleet.Names[2], "--json");
        Assert.Equal(2, await fleet.Taken("past"));
    }

    [Fact]
    public async Task A_damaged_file_in_the_bucket_is_named_and_the_exit_code_says_so()
    {
        await fleet.Book("damaged", "1A", "Ada");
        var history = await fleet.Json("objects", "history", "flight", "damaged", "--data", CommandFleet.Names[0], "--json");
        var key = history.GetProperty("versions")[0].GetProperty("kept_in").GetString()!;
        var file = Directory.GetFiles(fleet.Bucket, "*", SearchOption.AllDirectories)
            .Single(one => one.Replace('\\', '/').Contains(key, StringComparison.Ordinal) && new FileInfo(one).Length > 200);
        var content = await File.ReadAllBytesAsync(file, Cancel);

        // It is a bundle, in which other tests' flights are too.
        var entry = BatchFile.ReadIndex(key, content).Entries.Last(entry => entry.Key.Id.ToString() == history.GetProperty("id").GetString());
        content[entry.Offset + (entry.Length / 2)] ^= 1;
        await File.WriteAllBytesAsync(file, content, Cancel);
        var verified = await fleet.Run("objects", "verify", "flight", "damaged", "--data", CommandFleet.Names[0]);
        Assert.Equal(1, verified.Code);
        Assert.Contains(key, verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_with_another_key_or_another_clusters_bucket_is_refused_at_its_start()
    {
        Assert.Equal(0, (await fleet.Run("cluster", "key", "--out", "foreign")).Code);
        var error = Assert.Single(await SkerryExecutable.Refused(fleet.Folder, [.. fleet.Settings("stranger"), "--cluster-key-file", "foreign"]));
        Assert.Contains("key", error, StringComparison.Ordinal);
        Assert.Contains("cluster", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_for_nodes_is_on_no_other_listener_and_not_for_everybody()
    {
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true } });
        foreach (var listener in new[] { "gateway_url", "api_url" })
        {
            using var answer = await http.PostAsync($"{fleet.Credentials(0, listener)}/skerry.relay.Relay/Greet", null, Cancel);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        var nodes = await fleet.Json("nodes", "--data", CommandFleet.Names[0], "--json");
        var address = nodes.GetProperty("nodes")[0].GetProperty("address").GetString();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync($"https://{address}/", Cancel));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync($"http://{address}/", Cancel));
    }
}

/// <summary>See <see cref="FleetCommandTests"/>.</summary>
public sealed class CommandFleet : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-fleet-");
    private readonly List<SkerryExecutable> _nodes = [];
    private readonly HttpClient _gateway = new();
    private readonly int _redisPort = FreePort.Next();
    private System.Diagnostics.Process? _redis;

    public static IReadOnlyList<string> Names { get; } = ["one", "two", "three"];

    public string Folder => _folder.FullName;

    public string Bucket => Path.Combine(Folder, "bucket");

    public string[] Settings(string name) =>
    [
        "--data", name, "--node-name", name, "--node-zone", name,
        "--api-url", "http://127.0.0.1:0", "--gateway-url", "http://127.0.0.1:0",
        "--bucket-url", new Uri(Bucket).AbsoluteUri, "--cluster-membership", $"redis://127.0.0.1:{_redisPort}",
        "--node-listen", $"127.0.0.1:{FreePort.Next()}", "--node-silo", $"127.0.0.1:{FreePort.Next()}",
    ];

    public async ValueTask InitializeAsync()
    {
        _redis = System.Diagnostics.Process.Start(new ProcessStartInfo(
            "redis-server", ["--port", $"{_redisPort}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Folder])
        { RedirectStandardOutput = true })!;
        _redis.BeginOutputReadLine();
        await Until(async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _redisPort);
            return true;
        });
        Assert.Equal(0, (await Run("cluster", "key", "--out", "key")).Code);
        foreach (var name in Names)
        {
            _nodes.Add(await SkerryExecutable.Start(Folder, [.. Settings(name), "--cluster-key-file", "key"]));
        }

        _gateway.BaseAddress = new(Credentials(0, "gateway_url"));

        // A node's token is there when its objects can be asked.
        await Until(() => Task.FromResult(_nodes.Select((node, i) => node.Credentials(Path.Combine(Folder, Names[i]))).All(static one => one.GetProperty("api_token").ValueKind == JsonValueKind.String)));

        // Followers change as nodes come; all have all when that has settled.
        await Until(async () =>
        {
            var nodes = (await Json("nodes", "--data", Names[0], "--json")).GetProperty("nodes").EnumerateArray().ToList();
            return nodes.Count == Names.Count && nodes.All(static node =>
                node.GetProperty("log") is { ValueKind: JsonValueKind.Object } log
                && log.GetProperty("followers").EnumerateArray().Count(static one => one.GetProperty("state").GetString() == "following") == Names.Count);
        });
    }

    public async ValueTask DisposeAsync()
    {
        _gateway.Dispose();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        if (_redis is not null)
        {
            _redis.Kill();
            await _redis.WaitForExitAsync();
            _redis.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    public Task<(int Code, string Output, string Errors)> Run(params string[] arguments) => SkerryExecutable.Run(Folder, arguments);

    public async Task<JsonElement> Json(params string[] arguments)
    {
        var answer = await Run(arguments);
        Assert.Equal((0, ""), (answer.Code, answer.Errors));
        return JsonElement.Parse(answer.Output);
    }

    /// <summary>What a listener says of the node's health.</summary>
    public async Task<JsonElement> Get(string url) => JsonElement.Parse(await _gateway.GetStringAsync(new Uri(new Uri(url), "/health")));

    public string Credentials(int node, string member) => _nodes[node].Credentials(Path.Combine(Folder, Names[node])).GetProperty(member).GetString()!;

    public async Task Book(string flight, string seat, string passenger)
    {
        using var body = new StringContent($$"""{"passenger":"{{passenger}}"}""");
        using var answer = await _gateway.PostAsync($"/flights/{flight}/seats/{seat}", body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<int> Taken(string flight) => 180 - JsonElement.Parse(await _gateway.GetStringAsync($"/flights/{flight}/seats")).GetProperty("count").GetInt32();

    public static async Task Until(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (SocketException)
            {
                // Not yet.
            }

            await Task.Delay(100, patience.Token);
        }
    }
}
