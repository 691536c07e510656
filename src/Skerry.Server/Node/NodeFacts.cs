using Microsoft.Extensions.Options;
using Skerry.Server.Configuration;

namespace Skerry.Server.Node;

/// <summary>What the management API, health and the dashboard tell about the node. Thread-safe.</summary>
internal sealed class NodeFacts(IOptions<SkerryServerOptions> options)
{
    /// <summary>The data folder's full path.</summary>
    public string DataFolder => options.Value.DataFolder;

    /// <summary>Null while storage accepts writes, else what is wrong with it.</summary>
    public string? StorageProblem => null;

    /// <summary>The node log's last confirmed position.</summary>
    public string LogPosition => "0";

    /// <summary>The node log's size on disk.</summary>
    public long LogBytes => 0;

    /// <summary>Every namespace that the node hosts, in the order of their names.</summary>
    public IReadOnlyList<NamespaceFacts> Namespaces() => [new("flight", "Flight", 0)];

    /// <summary>
    /// Up to <paramref name="limit"/> known objects of a namespace whose ids come after <paramref name="after"/>, in
    /// the order of their ids.
    /// </summary>
    public IReadOnlyList<StoredObject> Objects(string name, string? after, int limit) => [];
}
