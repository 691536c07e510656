using System.Net;
using FlightSeating;
using Skerry.Accounts;
using Skerry.Objects;
using Skerry.Server.Configuration;
using Skerry.Server.Hosting;

namespace Skerry.Server.Node;

/// <summary>Where the server meets the object runtime: which classes it hosts, with which settings.</summary>
internal static class HostedObjects
{
    /// <summary>Adds the runtime and the built-in classes.</summary>
    public static void AddTo(WebApplicationBuilder builder, SkerryServerOptions options, FleetParts? fleet) =>
        builder.AddSkerry(skerry =>
            {
                skerry.DataFolder = options.DataFolder;
                skerry.IdleEvict = options.IdleEvictAfter;
                skerry.OpenDatabasesMax = options.OpenDatabasesMax;
                skerry.SqlLimits = skerry.SqlLimits with { BoundParameters = options.SqlBoundParametersMax };
                skerry.Storage.HistoryRetention = options.HistoryFor;
                skerry.Storage.HistoryBytesMax = options.HistoryBytesMax;
                if (fleet is not null)
                {
                    Join(skerry, options, fleet);
                }
            })
            .AddAccounts()
            .AddDurableObject<IFlight, Flight>();

    private static void Join(SkerryOptions skerry, SkerryServerOptions options, FleetParts fleet)
    {
        var node = options.Node;
        skerry.Cluster = new SkerryClusterOptions
        {
            // Clusters that share a membership store, and have not thought of a name, must not take each other for dead.
            Name = $"{options.Cluster.Name}-{fleet.Identity.Cluster}",
            Zone = node.Zone,
            HostsObjects = node.Roles.HasFlag(NodeRoles.Objects),
            Redis = options.Cluster.Membership!.Redis,
            Postgres = options.Cluster.Membership.Postgres,
            Listen = new IPEndPoint(node.Silo.Address, node.Silo.Port),
            Advertise = node.Silo.Address.Equals(IPAddress.Any) || node.Silo.Address.Equals(IPAddress.IPv6Any)
                ? new IPEndPoint(Dns.GetHostAddresses(node.ReachedAt.Host, node.Silo.Address.AddressFamily)[0], node.Silo.Port)
                : null,
            InternalUrl = $"https://{node.ReachedAt}",
            Certificates = fleet.Certificates,
        };
        skerry.Relay = new SkerryRelayOptions(fleet.Bucket, fleet.Transport);
        skerry.Relay.Node.Name = node.Name;
        skerry.Relay.Node.Zone = node.Zone;
        skerry.Relay.Node.Address = node.ReachedAt.ToString();
    }

    /// <summary>Adds the objects' own HTTP.</summary>
    public static void MapTo(WebApplication app) => app.MapDurableObjects();
}
