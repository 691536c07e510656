using System.Security.Cryptography;
using Skerry.Server.Configuration;
using Skerry.Storage;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Hosting;

/// <summary>Finds what the settings say about how this node proves that it is of its cluster.</summary>
internal static class ClusterSecurity
{
    /// <summary>
    /// The cluster's key, from the setting or from its file; null for a cluster that has certificates instead. The file
    /// in the data folder is made if it is missing; one that was named is not, for a wrong name would then pass unnoticed.
    /// </summary>
    /// <exception cref="StorageException">The file cannot be used.</exception>
    public static ClusterKey? LoadKey(SkerryServerOptions options, RandomNumberGenerator random)
    {
        var cluster = options.Cluster;
        if (cluster.Certificate is not null)
        {
            return null;
        }

        if (cluster.Key is not null)
        {
            return cluster.Key;
        }

        return cluster.KeyFile is { } file
            ? ClusterKeyFile.Load(file)
                ?? throw new StorageException($"cluster.key_file: there is no file {file}. Copy that of another node, or make one with: skerry cluster key --out {file}")
            : ClusterKeyFile.LoadOrCreate(Path.Combine(options.DataFolder, ClusterKeyFile.Name), random);
    }

    /// <summary>What this node shows to other nodes, and whom it takes for one.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="key">The cluster's key, if it has one.</param>
    /// <param name="time">Says which certificates have expired.</param>
    /// <exception cref="StorageException">The files cannot be used.</exception>
    public static NodeCertificates LoadCertificates(SkerryServerOptions options, ClusterKey? key, TimeProvider time) => key is null
        ? NodeCertificates.Load(options.Cluster.Certificate!, options.Cluster.CertificateKey!, options.Cluster.Ca!, time)
        : NodeCertificates.FromClusterKey(key);

    /// <summary>
    /// What proves in the bucket that nodes are of one cluster: its key. With certificates there is nothing that all nodes
    /// have and that stays, for certificates and their authority are renewed; so it is no secret then, and says only that
    /// the cluster has certificates. Who may be a node is decided by them, and who may use the bucket by its own keys.
    /// </summary>
    public static byte[] Secret(ClusterKey? key) => key?.Prove("bucket") ?? SHA256.HashData("skerry cluster with certificates"u8);
}
