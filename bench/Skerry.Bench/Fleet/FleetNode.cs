using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Bench.Measuring;
using Skerry.Bench.Ours;
using Skerry.Objects;
using Skerry.Objects.Activation;
using Skerry.Objects.Fleet;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Hosting;
using Skerry.Storage.Relay.Security;

namespace Skerry.Bench.Fleet;

/// <summary>
/// One node of a fleet, in a process of its own: <see cref="Probe"/> objects over the storage relay, put together as the
/// server does it, and a listener on loopback by which the figures ask it to write.
/// </summary>
internal static class FleetNode
{
    /// <summary>Runs until cancelled.</summary>
    public static async Task Serve(FleetNodeArguments arguments, CancellationToken cancel)
    {
        var key = ClusterKey.TryParse(arguments.Key, out var parsed) ? parsed : throw new BenchException("That is no cluster key.");
        using var certificates = NodeCertificates.FromClusterKey(key);
        using var files = FileBucket.Open(arguments.Bucket);
        var bucket = new BucketMeter(files);
        var identity = new RelayIdentity("bench", arguments.Name);
        using var transport = new RelayTransport(certificates, identity, TimeProvider.System);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(server =>
        {
            NodeListener.ConfigureServer(server, TimeSpan.FromSeconds(1));
            server.Listen(IPAddress.Loopback, arguments.HttpPort);
            NodeListener.Listen(server, IPAddress.Loopback, arguments.NodePort, certificates);
        });
        builder.Services.AddRelay();
        builder.Services.AddSingleton(identity);
        builder.Services.AddSingleton(certificates);
        builder.Services.AddSingleton<RelayServer>();
        builder.AddSkerry(skerry =>
        {
            skerry.DataFolder = arguments.Data;
            skerry.IdleEvict = TimeSpan.FromMinutes(10);
            skerry.Cluster = new SkerryClusterOptions
            {
                Name = "bench",
                Zone = arguments.Zone,
                Redis = arguments.Redis,
                Listen = new IPEndPoint(IPAddress.Loopback, arguments.SiloPort),
                InternalUrl = string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{arguments.NodePort}"),
                Certificates = certificates,
            };
            skerry.Relay = new SkerryRelayOptions(bucket, transport);
            skerry.Relay.Node.Name = arguments.Name;
            skerry.Relay.Node.Zone = arguments.Zone;
            skerry.Relay.Node.Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{arguments.NodePort}");
        }).AddDurableObject<IProbe, Probe>();

        await using var app = builder.Build();
        app.MapInternalObjects();
        app.UseRouting();
        app.MapRelay(app.Services.GetRequiredService<RelayServer>());
        Map(app, bucket);
        NodeRecovery.Map(app, arguments.Zone);
        await ((IHost)app).RunAsync(cancel);
    }

    private static void Map(WebApplication app, BucketMeter bucket)
    {
        var probes = app.Services.GetRequiredService<DurableObjectNamespace<IProbe>>();
        var runtime = app.Services.GetRequiredService<ObjectRuntime>();
        var relay = app.Services.GetRequiredService<RelayNode>();
        var value = 0L;
        bool Holds(string name) => runtime.Find(probes.IdFromName(name).Key) is not null;
        string[] Held(HttpContext http) => [.. Names(http).Where(Holds)];

        // How many followers count and are connected.
        app.MapGet("/followers", (RequestDelegate)(http =>
            Answer(http, relay.Read().Followers.Count(static follower => follower is { IsMember: true, IsUp: true }))));
        app.MapGet("/held/{prefix}/{count}", (RequestDelegate)(http => Answer(http, Held(http).Length)));
        app.MapGet("/puts", (RequestDelegate)(http => Answer(http, bucket.Use.Puts)));
        app.MapGet("/put-bytes", (RequestDelegate)(http => Answer(http, bucket.Use.PutBytes)));
        app.MapPost("/write/{name}", (RequestDelegate)(async http =>
        {
            await probes.GetByName((string)http.Request.RouteValues["name"]!).Write(Interlocked.Increment(ref value));
            await Answer(http, 1);
        }));

        // Only objects that live here, a caller each; how many writes a second were confirmed.
        app.MapPost("/load/{prefix}/{count}/{seconds}", (RequestDelegate)(async http =>
        {
            var here = Held(http).Select(name => probes.GetByName(name)).ToArray();
            var rate = await CallersLoad.CallsPerSecond(
                here.Length, TimeSpan.FromSeconds(Number(http, "seconds")), caller => here[caller].Write(Interlocked.Increment(ref value)));
            await Answer(http, (long)rate);
        }));

        // A write a second of each of them; how many were confirmed.
        app.MapPost("/trickle/{prefix}/{count}/{seconds}", (RequestDelegate)(async http =>
        {
            var here = Held(http).Select(name => probes.GetByName(name)).ToArray();
            var seconds = Number(http, "seconds");
            var watch = Stopwatch.StartNew();
            for (var second = 1; second <= seconds; second++)
            {
                await Task.WhenAll(here.Select(probe => probe.Write(Interlocked.Increment(ref value))));
                var left = TimeSpan.FromSeconds(second) - watch.Elapsed;
                await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, http.RequestAborted);
            }

            await Answer(http, (long)here.Length * seconds);
        }));
    }

    private static IEnumerable<string> Names(HttpContext http)
    {
        var prefix = (string)http.Request.RouteValues["prefix"]!;
        return Enumerable.Range(0, Number(http, "count")).Select(i => RelayFleet.NameOf(prefix, i));
    }

    private static int Number(HttpContext http, string name) => int.Parse((string)http.Request.RouteValues[name]!, CultureInfo.InvariantCulture);

    private static Task Answer(HttpContext http, long number) => http.Response.WriteAsync(number.ToString(CultureInfo.InvariantCulture));
}
