using System.Collections.Concurrent;
using System.Security.Cryptography;
using Skerry.Objects.Tests.Hosting;
using Skerry.Storage;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>Several nodes in this process, with real silos, real sockets and a real membership store.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    private static int s_last;

    private TestFleet(string? redis, string? postgres)
    {
        Redis = redis;
        Postgres = postgres;
        using var random = RandomNumberGenerator.Create();
        Certificates = NodeCertificates.FromClusterKey(ClusterKey.Create(random));
    }

    /// <summary>A name of its own keeps it apart from other fleets in the same store.</summary>
    public string Name { get; } = $"fleet-{Interlocked.Increment(ref s_last)}";

    public string? Redis { get; }

    public string? Postgres { get; }

    public NodeCertificates Certificates { get; }

    public Scripts Scripts { get; } = new();

    public List<FleetNode> Nodes { get; } = [];

    /// <summary>Which node owns each object: what the bucket's ownership records are in earnest.</summary>
    public ConcurrentDictionary<ObjectKey, FleetNode> Owners { get; } = new();

    /// <summary>Who holds a claim right now; two at a time would be the end of everything.</summary>
    public ConcurrentDictionary<ObjectKey, FleetNode> Held { get; } = new();

    /// <summary>What must never happen, and has.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    public ConcurrentDictionary<ObjectKey, SemaphoreSlim> Claiming { get; } = new();

    public static async Task<TestFleet> StartAsync(MembershipServers servers, int nodes, bool postgres = false, Action<SkerryOptions>? configure = null)
    {
        var fleet = new TestFleet(postgres ? null : await servers.Redis, postgres ? await servers.Postgres : null);
        for (var i = 0; i < nodes; i++)
        {
            await fleet.AddAsync(configure);
        }

        await fleet.MeetAsync();
        return fleet;
    }

    public async Task<FleetNode> AddAsync(Action<SkerryOptions>? configure = null)
    {
        var node = new FleetNode(this, $"n{Nodes.Count}", configure);
        await node.StartAsync();
        Nodes.Add(node);
        return node;
    }

    /// <summary>Waits until all nodes know of all nodes.</summary>
    public Task MeetAsync() => TestNode.Until(() => Nodes.Where(static n => n.IsRunning).All(n =>
        Nodes.Where(static m => m.IsRunning).All(n.Knows)));

    /// <summary>The node that has the object in memory.</summary>
    public FleetNode NodeOf(string objectName) => Nodes.Single(n => n.IsRunning && n.Has(objectName));

    /// <summary>A node that has it not.</summary>
    public FleetNode OtherThan(FleetNode node) => Nodes.First(n => n.IsRunning && n != node);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        Certificates.Dispose();
        Assert.Empty(Violations);
    }
}
