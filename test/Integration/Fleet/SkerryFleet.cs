using System.Net.Http.Json;
using System.Text.Json;
using Skerry.Objects.Tests.Fleet;
using Skerry.Storage.Relay.Security;

namespace Integration.Fleet;

/// <summary>
/// Real <c>skerry</c> processes that form one fleet: membership in a real Redis, the bucket in a folder, everything else on
/// loopback ports of its own.
/// </summary>
internal sealed class SkerryFleet : IAsyncDisposable
{
    private readonly string _redis;
    private readonly string[] _settings;
    private readonly List<SkerryNode> _nodes = [];

    private SkerryFleet(string redis, string[] settings) => (_redis, _settings) = (redis, settings);

    /// <summary>Where everything of the fleet is.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("skerry-fleet-").FullName;

    /// <summary>The nodes, running or not.</summary>
    public IReadOnlyList<SkerryNode> Nodes => _nodes;

    /// <summary>Starts a fleet, and waits until each node has all the followers that it wants.</summary>
    /// <param name="servers">Where nodes meet.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="settings">Settings of all nodes that are not the usual ones.</param>
    public static async Task<SkerryFleet> StartAsync(MembershipServers servers, int nodes, params string[] settings)
    {
        var fleet = new SkerryFleet(await servers.Redis, settings);
        try
        {
            using var random = System.Security.Cryptography.RandomNumberGenerator.Create();
            ClusterKeyFile.LoadOrCreate(fleet.KeyFile, random);
            for (var i = 1; i <= nodes; i++)
            {
                fleet._nodes.Add(new SkerryNode($"n{i}", fleet.Folder, fleet.ArgumentsFor($"n{i}")));
            }

            await Task.WhenAll(fleet._nodes.Select(static node => node.StartAsync()));
            await fleet.SettleAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    public string KeyFile => Path.Combine(Folder, "key");

    public string Bucket => Path.Combine(Folder, "bucket");

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
        .. _settings,
    ];

    /// <summary>Waits until every running node has as many followers as there can be, all of them up to date.</summary>
    public async Task SettleAsync()
    {
        var running = _nodes.Where(static node => node.IsRunning).ToList();
        var wanted = running.Count switch { >= 6 => 5, >= 4 => 3, 3 => 3, var few => few };
        await Waiting.UntilAsync(async () =>
        {
            var members = (await LookAsync(running[0])).GetProperty("nodes").EnumerateArray().ToList();
            return members.Count == running.Count
                && members.All(m => m.GetProperty("state").GetString() == "running" && Following(m) == wanted);
        }, $"{running.Count} nodes with {wanted} followers each");
    }

    /// <summary>What the management API says of the cluster.</summary>
    public static async Task<JsonElement> LookAsync(SkerryNode node)
    {
        using var http = node.NewApiClient();
        var answer = await http.GetFromJsonAsync<JsonElement>("skerry/nodes");
        return answer.GetProperty("result");
    }

    private static int Following(JsonElement member) =>
        member.GetProperty("log").GetProperty("followers").EnumerateArray().Count(static f => f.GetProperty("state").GetString() == "following");

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
