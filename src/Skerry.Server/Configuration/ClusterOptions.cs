using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Configuration;

/// <summary>The cluster that a node is of, and how it proves that.</summary>
public sealed class ClusterOptions
{
    /// <summary>Where nodes find each other; null for a node that is alone.</summary>
    public MembershipUrl? Membership { get; set; }

    /// <summary>The name, the same on all nodes; several clusters can share one <see cref="Membership"/>. Default <c>skerry</c>.</summary>
    public string Name { get; set; } = "skerry";

    /// <summary>The cluster's key; null for the one in <see cref="KeyFile"/>.</summary>
    public ClusterKey? Key { get; set; }

    /// <summary>The file with the cluster's key; null for <c>cluster.key</c> in the data folder, which is made if it is missing.</summary>
    public string? KeyFile { get; set; }

    /// <summary>PEM file with this node's certificate, instead of a key; needs the other two.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file with the certificate's private key.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>PEM file with the cluster's own authority.</summary>
    public string? Ca { get; set; }
}
