using System.Globalization;
using Grpc.Core;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>
/// What every call and every answer between nodes carries in its headers, so that nodes of another cluster, or of a
/// version that speaks otherwise, are told so before anything else is said. Immutable.
/// </summary>
/// <param name="Cluster">The cluster's id, as the bucket has it; printable ASCII.</param>
/// <param name="Node">This node's name, for the other side's messages.</param>
public sealed record RelayIdentity(string Cluster, string Node)
{
    /// <summary>The newest protocol that this version speaks.</summary>
    public const int ProtocolNewest = 2;

    /// <summary>The oldest protocol that this version speaks.</summary>
    public const int ProtocolOldest = 2;

    private const string ProtocolHeader = "skerry-protocol";
    private const string ClusterHeader = "skerry-cluster";

    // Names may have any letters, headers may not; the suffix makes gRPC encode the value.
    private const string NodeHeader = "skerry-node-bin";
    private const string MeantHeader = "skerry-for";

    /// <summary>The headers, in a collection of its own for each call.</summary>
    internal Metadata ToHeaders() => ToHeaders(ProtocolOldest, ProtocolNewest);

    /// <summary>The headers of a call that one node alone may answer, wherever it is reached.</summary>
    internal Metadata ToHeaders(NodeId meant)
    {
        var headers = ToHeaders();
        headers.Add(MeantHeader, meant.ToString());
        return headers;
    }

    /// <summary>The node that a call is meant for; null if it does not matter who answers.</summary>
    /// <exception cref="InvalidDataException">What the caller says is no node's id.</exception>
    internal static NodeId? MeantBy(Metadata theirs) => MeantBy(theirs.GetValue(MeantHeader));

    /// <summary>The same of a stream's first message.</summary>
    /// <exception cref="InvalidDataException">What the caller says is no node's id.</exception>
    internal static NodeId? MeantBy(Wire.Identity? theirs) => MeantBy(theirs?.For);

    private static NodeId? MeantBy(string? said) => said switch
    {
        null or "" => null,
        var text when NodeId.TryParse(text, out var meant) => meant,
        var text => throw new InvalidDataException($"'{text}' is no node's id."),
    };

    /// <summary>The headers of a version that speaks the given protocols.</summary>
    internal Metadata ToHeaders(int oldest, int newest) => new()
    {
        { ProtocolHeader, Range(oldest, newest) },
        { ClusterHeader, Cluster },
        { NodeHeader, System.Text.Encoding.UTF8.GetBytes(Node) },
    };

    /// <summary>Why the other side cannot be talked to; null if it can.</summary>
    /// <param name="theirs">Its headers.</param>
    /// <param name="peer">How to call it, if it does not say its name.</param>
    internal string? Objection(Metadata theirs, string peer) =>
        Objection(theirs.GetValue(ProtocolHeader), theirs.GetValue(ClusterHeader), NameIn(theirs), peer);

    /// <summary>The same of a stream's first message.</summary>
    internal string? Objection(Wire.Identity? theirs, string peer) => Objection(theirs?.Protocol, theirs?.Cluster, theirs?.Node, peer);

    /// <summary>What a stream's first message carries instead of headers.</summary>
    /// <param name="meant">The node that alone may answer; null if it does not matter who does.</param>
    internal Wire.Identity ToWire(NodeId? meant = null) => new() { Protocol = Range(ProtocolOldest, ProtocolNewest), Cluster = Cluster, Node = Node, For = meant?.ToString() ?? "" };

    private static string Range(int oldest, int newest) => string.Create(CultureInfo.InvariantCulture, $"{oldest}-{newest}");

    private string? Objection(string? protocol, string? cluster, string? theirName, string peer)
    {
        if (protocol is null || cluster is null)
        {
            return $"{peer} is no skerry node: it sends no {ProtocolHeader}. Check that its address is the node.address of a node, and not another server's.";
        }

        var name = string.IsNullOrEmpty(theirName) ? peer : theirName;
        var range = protocol.Split('-');
        if (range.Length != 2
            || !int.TryParse(range[0], NumberStyles.None, CultureInfo.InvariantCulture, out var oldest)
            || !int.TryParse(range[1], NumberStyles.None, CultureInfo.InvariantCulture, out var newest)
            || oldest > ProtocolNewest
            || newest < ProtocolOldest)
        {
            return $"The versions of nodes {Node} and {name} do not fit together: {Node} speaks the relay's protocols {ProtocolOldest}-{ProtocolNewest}, {name} speaks {protocol}. Run versions that have one in common on all nodes.";
        }

        return cluster == Cluster
            ? null
            : $"Nodes {Node} and {name} are of two clusters: {Node} of {Cluster}, {name} of {cluster}. Nodes of one cluster need the same bucket.url; check that setting on both.";
    }

    /// <summary>The name that the other side says it has.</summary>
    internal static string? NameIn(Metadata theirs) =>
        theirs.GetValueBytes(NodeHeader) is { Length: > 0 and <= 256 } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null;
}
