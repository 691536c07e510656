using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Skerry.Objects.Http;
using StackExchange.Redis;
using Yarp.ReverseProxy.Forwarder;

namespace Skerry.Objects.Fleet;

/// <summary>Configures the Orleans silo that a node is, alone or among others.</summary>
internal static class FleetSilo
{
    /// <summary>One node and nobody else: any free port on loopback will do, so that several can run on a machine.</summary>
    public static void Alone(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(FreePort(), gatewayPort: 0);
        silo.Configure<EndpointOptions>(static o =>
        {
            o.AdvertisedIPAddress = IPAddress.Loopback;
            o.GatewayPort = 0;
        });
        silo.Services.AddPlacementDirector<ObjectPlacement>(static _ => new ObjectPlacementDirector(nodes: null));
    }

    /// <summary>A node among others.</summary>
    public static void Join(ISiloBuilder silo, SkerryClusterOptions options)
    {
        var services = silo.Services;
        services.AddSingleton(options);
        services.AddSingleton<FleetNodes>();
        services.AddSingleton<ObjectNodeClient>();
        services.AddSingleton<ProcessEnd>();
        services.Replace(ServiceDescriptor.Singleton<IFatalErrorHandler, FatalMembership>());
        var steady = new SteadyClock(TimeProvider.System);
        services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Membership, steady);
        services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.SystemTimers, steady);
        services.AddPlacementDirector<ObjectPlacement>(static s => new ObjectPlacementDirector(s.GetRequiredService<FleetNodes>()));
        services.AddHttpForwarder();
        services.AddSingleton(static s => new ObjectForwarder(s.GetRequiredService<IHttpForwarder>(), s.GetRequiredService<FleetNodes>()));
        silo.AddGrainService<ObjectNode>();
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.Name, options.Name));
        silo.Configure<EndpointOptions>(o =>
        {
            var advertise = options.Advertise ?? options.Listen;
            o.AdvertisedIPAddress = advertise.Address;
            o.SiloPort = advertise.Port;
            o.SiloListeningEndpoint = options.Listen;
            o.GatewayPort = 0;
        });
        silo.Configure<ClusterMembershipOptions>(o => Watch(o, options));
        silo.UseSiloMetadata(Labels(options));
        UseMembership(silo, options);
        if (options.Certificates is { } certificates)
        {
            silo.UseTls(certificates.Certificate, tls =>
            {
                tls.SslProtocols = SslProtocols.Tls13;
                tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
                tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
                tls.RemoteCertificateValidation = (shown, chain, _) => certificates.IsPeer(shown, chain);

                // A resumed session would not show its certificate again. Names in certificates play no part.
                tls.OnAuthenticateAsServer = static (_, server) => ((SslServerAuthenticationOptions)server.SslServerAuthenticationOptions).AllowTlsResume = false;
                tls.OnAuthenticateAsClient = (_, client) =>
                {
                    client.TargetHost = options.Name;
                    ((SslClientAuthenticationOptions)client.SslClientAuthenticationOptions).AllowTlsResume = false;
                };
            });
        }
    }

    private static void UseMembership(ISiloBuilder silo, SkerryClusterOptions options)
    {
        if (options.Redis is { } redis)
        {
            silo.UseRedisClustering(o => o.ConfigurationOptions = ConfigurationOptions.Parse(redis));
            return;
        }

        silo.UseAdoNetClustering(o =>
        {
            o.Invariant = "Npgsql";
            o.ConnectionString = options.Postgres;
        });
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new PostgresMembership(options.Postgres!));
    }

    // With few nodes one vote has to do: two nodes of a cluster of three may be lost. It is safe, for the fence of the
    // storage relay and not the membership decides who may write.
    private static void Watch(ClusterMembershipOptions o, SkerryClusterOptions options)
    {
        o.ProbeTimeout = options.ProbeTimeout;

        // Orleans would halve the time for a node that has answered fast for a while. One that is only busy has to have all of it.
        o.MinProbeTimeout = options.ProbeTimeout;
        o.NumMissedProbesLimit = options.ProbesMissedMax;
        o.NumVotesForDeathDeclaration = 1;
        o.NumProbedSilos = 3;
        o.EnableIndirectProbes = true;
        o.TableRefreshTimeout = TimeSpan.FromSeconds(5);

        // Whoever joins wants an answer of all members whose last sign of life is not older than three of these.
        o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
        o.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
        o.DefunctSiloExpiration = TimeSpan.FromHours(1);

        // Both compare the wall clocks of two nodes. A node whose clock is five minutes behind would be declared dead
        // while it joins; who died during a start is declared dead by the takeover of its session, or by its next start.
        o.EvictWhenMaxJoinAttemptTimeExceeded = false;
        o.SiloGenerationRetirementAge = TimeSpan.FromDays(1);
    }

    private static Dictionary<string, string> Labels(SkerryClusterOptions options)
    {
        Dictionary<string, string> labels = new() { [FleetNodes.ZoneLabel] = options.Zone };
        if (!options.HostsObjects)
        {
            labels[FleetNodes.NoObjectsLabel] = "";
        }

        return labels;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
