using System.Security.Cryptography;
using Skerry.Server.Configuration;
using Skerry.Storage;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Hosting;

/// <summary>
/// What a node needs of its fleet before it can be put together: proof that the bucket can be used and is this cluster's,
/// and how nodes recognise each other.
/// </summary>
internal sealed class FleetParts : IDisposable
{
    private static readonly TimeSpan BucketPatience = TimeSpan.FromSeconds(30);

    private FleetParts(NodeCertificates certificates, IBucket bucket, RelayIdentity identity)
    {
        Certificates = certificates;
        Bucket = bucket;
        Identity = identity;
        Transport = new RelayTransport(certificates, identity, TimeProvider.System);
    }

    /// <summary>What this node shows, and whom it believes.</summary>
    public NodeCertificates Certificates { get; }

    /// <summary>The fleet's bucket.</summary>
    public IBucket Bucket { get; }

    /// <summary>Which cluster, and which node of it.</summary>
    public RelayIdentity Identity { get; }

    /// <summary>The way to other nodes.</summary>
    public RelayTransport Transport { get; }

    /// <summary>
    /// Opens them: (1) the cluster's key or certificates, (2) the bucket, which has to honour conditions on writes,
    /// (3) the cluster's record in it, which has to fit the key.
    /// </summary>
    /// <exception cref="StorageException">One of them cannot be used.</exception>
    public static async Task<FleetParts> OpenAsync(SkerryServerOptions options, RandomNumberGenerator random)
    {
        using var limit = new CancellationTokenSource(BucketPatience);

        // 1.
        var key = ClusterSecurity.LoadKey(options, random);
        var certificates = ClusterSecurity.LoadCertificates(options, key, TimeProvider.System);
        try
        {
            // 2.
            var bucket = BucketFactory.Create(options.Bucket, RandomNumberGenerator.Create());
            try
            {
                await BucketProbe.RunAsync(bucket, random, limit.Token);

                // 3.
                var cluster = await ClusterRecord.OpenAsync(bucket, ClusterSecurity.Secret(key), TimeProvider.System, random, limit.Token);
                return new FleetParts(certificates, bucket, new RelayIdentity(cluster.ClusterId, options.Node.Name));
            }
            catch
            {
                (bucket as IDisposable)?.Dispose();
                throw;
            }
        }
        catch (Exception e)
        {
            certificates.Dispose();
            if (e is OperationCanceledException && limit.IsCancellationRequested)
            {
                throw new StorageException($"bucket.url: {options.Bucket.Url} has not answered for {BucketPatience.TotalSeconds:0} s. Check that it runs and can be reached from here.", e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Transport.Dispose();
        (Bucket as IDisposable)?.Dispose();
        Certificates.Dispose();
    }
}
