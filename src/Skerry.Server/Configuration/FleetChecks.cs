using System.Net;

namespace Skerry.Server.Configuration;

/// <summary>What single settings cannot show: whether those of a fleet fit together.</summary>
internal static class FleetChecks
{
    /// <summary>What does not fit, one line each, with what to do.</summary>
    public static IEnumerable<string> Run(SkerryServerOptions options)
    {
        var (bucket, cluster, node) = (options.Bucket, options.Cluster, options.Node);
        if (cluster.Membership is not null && bucket.Url is null)
        {
            yield return "cluster.membership is set and bucket.url is not; nodes that work together need a bucket that all of them reach";
        }

        if (cluster.Membership is null && bucket.Url is not null)
        {
            yield return "bucket.url is set and cluster.membership is not; name the Redis or PostgreSQL where nodes meet, or leave the bucket out: a node alone keeps everything in its data folder";
        }

        if (bucket.Url is { IsS3: false })
        {
            string?[] set =
            [
                bucket.Endpoint is null ? null : "bucket.endpoint", bucket.Region is null ? null : "bucket.region",
                bucket.PathStyle is null ? null : "bucket.path_style", bucket.AccessKey is null ? null : "bucket.access_key",
                bucket.SecretKey is null ? null : "bucket.secret_key",
            ];
            foreach (var one in set.OfType<string>())
            {
                yield return $"{one} is set and bucket.url is a folder; it goes with s3://BUCKET only";
            }
        }

        if (bucket.AccessKey is null != bucket.SecretKey is null)
        {
            yield return "bucket.access_key and bucket.secret_key go together; set both, or neither";
        }

        if (cluster.Key is not null && cluster.KeyFile is not null)
        {
            yield return "cluster.key and cluster.key_file are both set; set one of them";
        }

        string?[] certificate = [cluster.Certificate, cluster.CertificateKey, cluster.Ca];
        if (certificate.Any(static one => one is not null) && certificate.Any(static one => one is null))
        {
            yield return "cluster.certificate, cluster.certificate_key and cluster.ca go together; set all three, or none";
        }

        if (certificate.Any(static one => one is not null) && (cluster.Key ?? (object?)cluster.KeyFile) is not null)
        {
            yield return "cluster.certificate and a cluster key are both set; nodes prove who they are with either";
        }

        if (!options.IsFleet)
        {
            if (node.Roles != NodeRoles.All)
            {
                yield return "node.roles is set and cluster.membership is not; a node alone has all roles";
            }

            yield break;
        }

        if (IPAddress.IsLoopback(node.Silo.Address) != node.ReachedAt.IsLoopback)
        {
            yield return "node.silo and node.listen (or node.address) have to be reached from the same machines; one of them is on loopback and the other is not";
        }

        (string Name, ListenUrl Url)[] listeners =
            [("api_url", options.ApiUrl), ("gateway_url", options.GatewayUrl), ("node.listen", node.Listen), ("node.silo", node.Silo)];
        for (var i = 2; i < listeners.Length; i++)
        {
            // Those of roles that the node has not are not opened.
            foreach (var other in listeners[..i].Where(other => other.Url == listeners[i].Url
                && (other.Name != "api_url" || node.Roles.HasFlag(NodeRoles.Api)) && (other.Name != "gateway_url" || node.Roles.HasFlag(NodeRoles.Gateway))))
            {
                yield return $"{other.Name} and {listeners[i].Name} are both {new HostPort(other.Url.Address.ToString(), other.Url.Port)}; they need different ports";
            }
        }
    }
}
