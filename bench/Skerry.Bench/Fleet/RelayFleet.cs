using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Skerry.Bench.Peers;
using Skerry.Objects;
using Skerry.Storage.Relay.Security;

namespace Skerry.Bench.Fleet;

/// <summary>A fleet on this machine: nodes in processes of their own, a bucket in a folder, membership in a private Redis.</summary>
internal sealed class RelayFleet : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly List<Node> _nodes = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(5) };
    private ServerProcess? _redis;

    private RelayFleet()
    {
    }

    /// <summary>How many nodes there are.</summary>
    public int Count => _nodes.Count;

    /// <summary>The name of one of many objects.</summary>
    public static string NameOf(string prefix, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{number}");

    /// <summary>Starts so many nodes and waits until each has the followers that it wants.</summary>
    public static async Task<RelayFleet> Start(BenchRun run, int nodes, CancellationToken cancel)
    {
        var fleet = new RelayFleet();
        try
        {
            var folder = run.NewFolder("fleet");
            var redisPort = Tool.FreePort();
            fleet._redis = await StartRedis(folder, redisPort, cancel);
            using var random = RandomNumberGenerator.Create();
            var key = ClusterKey.Create(random).Reveal();
            for (var i = 0; i < nodes; i++)
            {
                var name = NameOf("node", i);
                fleet._nodes.Add(new Node(new FleetNodeArguments(
                    name, ((LocationHint)i).ToCode(), Tool.FreePort(), Tool.FreePort(), Tool.FreePort(), $"127.0.0.1:{redisPort}", key,
                    Path.Combine(folder, "bucket"), Path.Combine(folder, name))));
                await fleet.StartNode(i, cancel);
            }

            for (var i = 0; i < nodes; i++)
            {
                await fleet.WaitForFollowers(i, cancel);
            }

            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node that has not been started yet or was killed, with its folder and addresses.</summary>
    public async Task StartNode(int node, CancellationToken cancel)
    {
        var one = _nodes[node];
        one.Process = await ServerProcess.Start(
            new ProcessStartInfo(Environment.ProcessPath!, [ChildTasks.FleetNode, .. one.Arguments.ToArray()]),
            async token => await Get(node, "/followers", token) >= 0,
            ServerProcess.SigTerm,
            cancel);
    }

    /// <summary>Waits until a node has as many followers as a fleet of this size gives it: five, three, or fewer.</summary>
    public async Task WaitForFollowers(int node, CancellationToken cancel)
    {
        var wanted = Count > 5 ? 5 : Count > 3 ? 3 : Math.Min(Count, 3);
        var watch = Stopwatch.StartNew();
        while (await Get(node, "/followers", cancel) < wanted)
        {
            if (watch.Elapsed > StartPatience)
            {
                throw new BenchException($"{_nodes[node].Arguments.Name} has not found {wanted} followers.");
            }

            await Task.Delay(50, cancel);
        }
    }

    /// <summary>Ends a node as a power cut would.</summary>
    public async Task Kill(int node)
    {
        if (_nodes[node].Process is { } process)
        {
            _nodes[node].Process = null;
            process.Kill();
            await process.DisposeAsync();
        }
    }

    /// <summary>Asks a node for a number.</summary>
    public async Task<long> Get(int node, string path, CancellationToken cancel) => Number(await _http.GetStringAsync(Url(node, path), cancel));

    /// <summary>Has a node do something; its answer is a number.</summary>
    public async Task<long> Post(int node, string path, CancellationToken cancel)
    {
        using var response = await _http.PostAsync(Url(node, path), null, cancel);
        response.EnsureSuccessStatusCode();
        return Number(await response.Content.ReadAsStringAsync(cancel));
    }

    /// <summary>The sum of what all nodes answer, asked at the same time.</summary>
    public async Task<long> Sum(Func<int, Task<long>> ask) => (await Task.WhenAll(Enumerable.Range(0, Count).Select(ask))).Sum();

    /// <summary>Writes every object once, from nodes in turn, so that all are somewhere in memory.</summary>
    public async Task Touch(string prefix, int objects, CancellationToken cancel)
    {
        for (var i = 0; i < objects; i++)
        {
            await Post(i % Count, $"/write/{NameOf(prefix, i)}", cancel);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A fleet that is stopped node by node would move its objects from one to the next.
        foreach (var node in Enumerable.Range(0, _nodes.Count))
        {
            await Kill(node);
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        _http.Dispose();
    }

    private static Task<ServerProcess> StartRedis(string folder, int port, CancellationToken cancel) => ServerProcess.Start(
        new ProcessStartInfo(
            Tool.Find("redis-server"),
            ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]),
        async token =>
        {
            using var client = new System.Net.Sockets.TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", port, token);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        },
        ServerProcess.SigTerm,
        cancel);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private Uri Url(int node, string path) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_nodes[node].Arguments.HttpPort}{path}"));

    private sealed class Node(FleetNodeArguments arguments)
    {
        public FleetNodeArguments Arguments { get; } = arguments;

        public ServerProcess? Process { get; set; }
    }
}
