using System.Text.RegularExpressions;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Configuration;

/// <summary>The settings of nodes that work together; part of <see cref="SettingTable"/>.</summary>
internal static partial class FleetSettings
{
    private const string NameAccepted = "is not accepted; accepted are 1 to 64 letters, digits, points, hyphens and underscores";

    /// <summary>The settings in the order of the help text.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("bucket.url", "URL", "bucket that all nodes share: file:///FOLDER or s3://BUCKET/PREFIX (default none)", static (options, value) =>
        {
            options.Bucket.Url = BucketUrl.TryParse(value, out var url) ? url : options.Bucket.Url;
            return url is null ? $"is no bucket; accepted is {BucketUrl.Accepted}" : null;
        }),
        new("bucket.endpoint", "URL", "S3-compatible server (default Amazon's)", static (options, value) =>
        {
            var ok = Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri!.PathAndQuery == "/" && uri.UserInfo.Length == 0;
            options.Bucket.Endpoint = ok ? uri : options.Bucket.Endpoint;
            return ok ? null : "is no server; accepted is http://HOST:PORT or https://HOST:PORT";
        }),
        new("bucket.region", "REGION", "region of the bucket (default that of the environment)", static (options, value) =>
        {
            options.Bucket.Region = value;
            return Name().IsMatch(value) ? null : NameAccepted;
        }),
        new("bucket.path_style", "BOOLEAN", "bucket's name in the path, not the host (default true with an endpoint)", static (options, value) =>
        {
            options.Bucket.PathStyle = value is "true" or "True" ? true : value is "false" or "False" ? false : null;
            return options.Bucket.PathStyle is null ? "is not accepted; accepted are true and false" : null;
        }),
        new("bucket.access_key", "KEY", "access key (default the environment's, profile's or machine's)", static (options, value) =>
        {
            options.Bucket.AccessKey = value;
            return string.IsNullOrWhiteSpace(value) ? "is empty" : null;
        }),
        new("bucket.secret_key", "KEY", "secret key of the access key; better in the environment or a file", static (options, value) =>
        {
            options.Bucket.SecretKey = value;
            return string.IsNullOrWhiteSpace(value) ? "is empty" : null;
        }) { IsSecret = true },
        new("cluster.membership", "URL", "where nodes meet: redis://HOST:PORT or postgres://… (default: a node alone)", static (options, value) =>
        {
            options.Cluster.Membership = MembershipUrl.TryParse(value, out var url) ? url : options.Cluster.Membership;
            return url is null ? $"is no membership; accepted is {MembershipUrl.Accepted}" : null;
        }) { IsSecret = true },
        new("cluster.name", "NAME", "name of the cluster, the same on all nodes (default skerry)", static (options, value) =>
        {
            options.Cluster.Name = value;
            return Name().IsMatch(value) ? null : NameAccepted;
        }),
        new("cluster.key", "KEY", "key that all nodes share; better in a file (default: see key_file)", static (options, value) =>
        {
            options.Cluster.Key = ClusterKey.TryParse(value, out var key) ? key : options.Cluster.Key;
            return key is null ? $"is no cluster key; accepted is {ClusterKey.Accepted}" : null;
        }) { IsSecret = true },
        File("cluster.key_file", "file with the key (default cluster.key in the data folder, made if missing)", static (options, value) => options.Cluster.KeyFile = value),
        File("cluster.certificate", "this node's certificate, PEM, instead of a key", static (options, value) => options.Cluster.Certificate = value),
        File("cluster.certificate_key", "its private key, PEM", static (options, value) => options.Cluster.CertificateKey = value),
        File("cluster.ca", "the authority of all nodes' certificates, PEM", static (options, value) => options.Cluster.Ca = value),
        new("node.name", "NAME", "name of this node (default the machine's, with node.listen's port)", static (options, value) =>
        {
            options.Node.Name = value;
            return Name().IsMatch(value) ? null : NameAccepted;
        }),
        new("node.zone", "NAME", "what fails together with this node (default the machine's name)", static (options, value) =>
        {
            options.Node.Zone = value;
            return Name().IsMatch(value) ? null : NameAccepted;
        }),
        new("node.listen", "HOST:PORT", "for other nodes (default 127.0.0.1:8789)", static (options, value) =>
        {
            options.Node.Listen = HostPort.TryParseListen(value, out var listen) ? listen : options.Node.Listen;
            return listen is null ? $"is no address to listen on; accepted is {HostPort.AcceptedListen}" : null;
        }),
        new("node.address", "HOST:PORT", "where other nodes reach it (default node.listen)", static (options, value) =>
        {
            options.Node.Address = HostPort.TryParse(value, out var address) ? address : options.Node.Address;
            return address is null ? $"is no address; accepted is {HostPort.Accepted}" : null;
        }),
        new("node.silo", "HOST:PORT", "for calls between objects of different nodes (default 127.0.0.1:8790)", static (options, value) =>
        {
            options.Node.Silo = HostPort.TryParseListen(value, out var listen) ? listen : options.Node.Silo;
            return listen is null ? $"is no address to listen on; accepted is {HostPort.AcceptedListen}" : null;
        }),
        new("node.roles", "LIST", "objects, gateway, api (default all)", static (options, value) =>
        {
            var ok = NodeRolesText.TryParse(value, out var roles);
            options.Node.Roles = ok ? roles : options.Node.Roles;
            return ok ? null : $"is not accepted; accepted are {NodeRolesText.Accepted}";
        }),
    ];

    private static Setting File(string key, string summary, Action<SkerryServerOptions, string> set) =>
        new(key, "FILE", summary, (options, value) =>
        {
            set(options, value);
            return string.IsNullOrWhiteSpace(value) || value.Contains('\0', StringComparison.Ordinal) ? "is not a file's path" : null;
        });

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex Name();
}
