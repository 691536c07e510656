using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Integration.Network;
using Skerry.Objects;
using Skerry.Objects.Tests.Fleet;
using Skerry.Storage.Relay.Security;

namespace Integration.Fleet;

/// <summary>
/// Real <c>skerry</c> processes that form one fleet: membership in a real Redis, the bucket in a folder, everything else on
/// loopback ports of its own, or each node and Redis on a machine of a private network.
/// </summary>
internal sealed class SkerryFleet : IAsyncDisposable
{
    private readonly string _redis;
    private readonly string[] _settings;
    private readonly List<SkerryNode> _nodes = [];
    private readonly List<IDisposable> _belongings = [];
    private Process? _ownRedis;

    private SkerryFleet(string redis, string[] settings) => (_redis, _settings) = (redis, settings);

    /// <summary>Where everything of the fleet is.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("skerry-fleet-").FullName;

    /// <summary>Where Redis runs; null for loopback.</summary>
    public Machine? RedisMachine { get; private init; }

    /// <summary>The nodes, running or not.</summary>
    public IReadOnlyList<SkerryNode> Nodes => _nodes;

    /// <summary>Starts a fleet, and waits until each node has all the followers that it wants.</summary>
    /// <param name="servers">Where nodes meet.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="prepare">Called before the first of them starts.</param>
    /// <param name="settings">Settings of all nodes that are not the usual ones.</param>
    public static async Task<SkerryFleet> StartAsync(
        MembershipServers servers, int nodes, Action<SkerryFleet>? prepare = null, string[]? settings = null)
    {
        var fleet = new SkerryFleet(await servers.Redis, settings ?? []);
        await fleet.StartAsync(nodes, static _ => null, prepare);
        return fleet;
    }

    /// <summary>Starts a fleet whose nodes and Redis have a machine each.</summary>
    public static async Task<SkerryFleet> StartAsync(PrivateNetwork network, int nodes, Action<SkerryFleet>? prepare = null)
    {
        const int Port = 31000;
        var machine = network.Add("redis");
        var fleet = new SkerryFleet($"{machine.Address}:{Port}", []) { RedisMachine = machine };
        var start = machine.Command(
            "redis-server", "--port", $"{Port}", "--bind", machine.Address.ToString(), "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", fleet.Folder);
        start.RedirectStandardOutput = true;
        fleet._ownRedis = Process.Start(start)!;
        fleet._ownRedis.OutputDataReceived += static (_, _) => { };
        fleet._ownRedis.BeginOutputReadLine();
        await Waiting.UntilAsync(async () =>
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(machine.Address, Port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, "Redis");
        await fleet.StartAsync(nodes, network.Add, prepare);
        return fleet;
    }

    private async Task StartAsync(int nodes, Func<string, Machine?> machineFor, Action<SkerryFleet>? prepare = null)
    {
        try
        {
            using var random = System.Security.Cryptography.RandomNumberGenerator.Create();
            ClusterKeyFile.LoadOrCreate(KeyFile, random);
            var added = Add(nodes, machineFor);
            prepare?.Invoke(this);
            await StartAsync(added);
            await SettleAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts more nodes, and waits until each has all the followers that it wants now.</summary>
    public async Task GrowAsync(int nodes)
    {
        await StartAsync(Add(nodes, static _ => null));
        await SettleAsync();
    }

    // One after the other: each greets those that are there. Two that start at once may miss each other, and find out only
    // when they next look into the bucket, after half a minute.
    private static async Task StartAsync(IEnumerable<SkerryNode> nodes)
    {
        foreach (var node in nodes)
        {
            await node.StartAsync();
        }
    }

    private List<SkerryNode> Add(int nodes, Func<string, Machine?> machineFor)
    {
        List<SkerryNode> added = [];
        for (var i = 0; i < nodes; i++)
        {
            var name = $"n{_nodes.Count + 1}";
            added.Add(new SkerryNode(name, Folder, ArgumentsFor(name), machineFor(name)));
            _nodes.Add(added[^1]);
        }

        return added;
    }

    public string KeyFile => Path.Combine(Folder, "key");

    public string Bucket => Path.Combine(Folder, "bucket");

    /// <summary>Ends something together with the fleet, after its processes.</summary>
    public void Keep(IDisposable belonging) => _belongings.Add(belonging);

    /// <summary>A node's settings; what comes later wins.</summary>
    public string[] ArgumentsFor(string name, string? key = null, string? bucket = null) =>
    [
        "--data", Path.Combine(Folder, name),
        "--bucket-url", new Uri(bucket ?? Bucket).AbsoluteUri,
        "--cluster-membership", $"redis://{_redis}",
        "--cluster-name", Path.GetFileName(Folder),
        "--cluster-key-file", key ?? KeyFile,
        "--node-name", name,
        "--node-zone", name,
        "--log-level", "information",
        .. _settings,
    ];

    /// <summary>Waits until every running node has as many followers as there can be, all of them up to date.</summary>
    public async Task SettleAsync()
    {
        var running = _nodes.Where(static node => node.IsRunning).ToList();
        var wanted = running.Count switch { >= 6 => 5, >= 4 => 3, 3 => 3, var few => few };
        JsonElement seen = default;
        await Waiting.UntilAsync(
            async () =>
            {
                seen = (await LookAsync(running[0])).GetProperty("nodes");
                var members = seen.EnumerateArray().ToList();
                return members.Count == running.Count
                    && members.All(m => m.GetProperty("state").GetString() == "running" && Following(m) == wanted);
            },
            $"{running.Count} nodes with {wanted} followers each",
            () => seen.ToString());
    }

    /// <summary>Starts the nodes that have ended, as a supervisor does, until all are well.</summary>
    public async Task RestoreAsync()
    {
        while (true)
        {
            await StartAsync(_nodes.Where(static node => !node.IsRunning));

            // A node may hear only now that it has been taken over.
            using var ended = new CancellationTokenSource();
            var anyEnded = Task.WhenAny(_nodes.Select(node => node.WhenEndedAsync(ended.Token)));
            var settled = SettleAsync();
            if (await Task.WhenAny(settled, anyEnded) == settled)
            {
                await ended.CancelAsync();
                await settled;
                return;
            }
        }
    }

    /// <summary>What the management API says of the cluster.</summary>
    public static async Task<JsonElement> LookAsync(SkerryNode node)
    {
        using var http = node.NewNodeClient();
        var answer = await http.GetFromJsonAsync<JsonElement>("skerry/nodes");
        return answer.GetProperty("result");
    }

    /// <summary>The node whose session a flight belongs to, by its record in the bucket; null if nobody has written it, or the session is gone.</summary>
    public SkerryNode? OwnerOf(string flight)
    {
        var owner = Path.Combine(FolderOf(flight), "owner");
        if (!File.Exists(owner))
        {
            return null;
        }

        var session = Path.Combine(Bucket, "sessions", Text(Read(owner), "session"));
        return File.Exists(session) ? _nodes.Find(node => node.Name == Text(Read(session).GetProperty("node"), "name")) : null;
    }

    /// <summary>Where the bucket has a flight's own files.</summary>
    public string FolderOf(string flight)
    {
        using var random = RandomNumberGenerator.Create();
        return Path.Combine(Bucket, "objects", "flight", new IdFactory("flight", random).FromName(flight).ToString());
    }

    /// <summary>The nodes that follow a node's session, by its record in the bucket.</summary>
    public IReadOnlyList<SkerryNode> FollowersOf(SkerryNode node)
    {
        var record = Directory.EnumerateFiles(Path.Combine(Bucket, "sessions")).Select(Read)
            .Single(record => Text(record, "state") == "Open" && Text(record.GetProperty("node"), "name") == node.Name);
        var names = record.GetProperty("followers").EnumerateArray().Select(static follower => Text(follower, "name")).ToHashSet();
        return [.. _nodes.Where(one => names.Contains(one.Name))];
    }

    private static JsonElement Read(string file) => JsonElement.Parse(File.ReadAllText(file));

    private static string Text(JsonElement record, string name) => record.GetProperty(name).GetString()!;

    private static int Following(JsonElement member) =>
        member.GetProperty("log").GetProperty("followers").EnumerateArray().Count(static f => f.GetProperty("state").GetString() == "following");

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        if (_ownRedis is { } redis)
        {
            redis.Kill();
            await redis.WaitForExitAsync();
            redis.Dispose();
        }

        _belongings.ForEach(static belonging => belonging.Dispose());
        Directory.Delete(Folder, recursive: true);
    }
}
