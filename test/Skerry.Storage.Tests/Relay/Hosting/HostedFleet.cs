using Skerry.Storage.Buckets;
using Skerry.Storage.Tests.Archive;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>Whole nodes with real files, in one process, over one bucket.</summary>
internal sealed class HostedFleet : IAsyncDisposable
{
    private readonly List<HostedNode> _nodes = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("skerry-hosted-").FullName;

    public MemoryBucket Bucket { get; } = new();

    public ServiceNetwork Network { get; } = new();

    public TimeSpan BatchWindow { get; init; } = TimeSpan.FromSeconds(10);

    public HostedNode Node(string name)
    {
        var node = new HostedNode(this, name);
        _nodes.Add(node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
