using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Hosting;

namespace Skerry.Objects;

/// <summary>What makes a node's storage one of a fleet: a bucket, the way to other nodes, and followers.</summary>
/// <param name="bucket">Where truth is kept; probed and found to be this cluster's.</param>
/// <param name="transport">The way to other nodes.</param>
public sealed class SkerryRelayOptions(IBucket bucket, IRelayTransport transport)
{
    /// <summary>Where truth is kept.</summary>
    public IBucket Bucket { get; } = bucket;

    /// <summary>The way to other nodes.</summary>
    public IRelayTransport Transport { get; } = transport;

    /// <summary>Names, sizes and times.</summary>
    public RelayNodeOptions Node { get; } = new();
}
