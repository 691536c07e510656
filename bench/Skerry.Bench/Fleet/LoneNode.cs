using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Bench.Ours;
using Skerry.Objects;
using Skerry.Storage;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Hosting;
using Skerry.Storage.Relay.Security;

namespace Skerry.Bench.Fleet;

/// <summary>A node with a bucket and without others, in this process: it is its own follower.</summary>
internal sealed class LoneNode : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly NodeCertificates _certificates;
    private readonly RelayTransport _transport;
    private readonly DurableObjectNamespace<IProbe> _probes;
    private bool _stopped;

    private LoneNode(IHost host, NodeCertificates certificates, RelayTransport transport)
    {
        _host = host;
        _certificates = certificates;
        _transport = transport;
        _probes = host.Services.GetRequiredService<DurableObjectNamespace<IProbe>>();
        Session = host.Services.GetRequiredService<RelayNode>().Self.Session;
    }

    /// <summary>Its session.</summary>
    public SessionId Session { get; }

    /// <summary>Starts over a folder.</summary>
    public static async Task<LoneNode> Start(string folder, IBucket bucket, CancellationToken cancel)
    {
        using var random = RandomNumberGenerator.Create();
        var certificates = NodeCertificates.FromClusterKey(ClusterKey.Create(random));
        var transport = new RelayTransport(certificates, new RelayIdentity("bench", "lone"), TimeProvider.System);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.AddSkerry(options =>
        {
            options.DataFolder = folder;
            options.IdleEvict = TimeSpan.FromMinutes(10);
            options.Relay = new SkerryRelayOptions(bucket, transport);
        }).AddDurableObject<IProbe, Probe>();

        // Objects leave memory, and everything is uploaded; a slow disk must not cut that off.
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromMinutes(5));
        var host = builder.Build();
        await host.StartAsync(cancel);
        return new LoneNode(host, certificates, transport);
    }

    /// <summary>A stub of the object with that name.</summary>
    public IProbe Probe(string name) => _probes.GetByName(name);

    /// <summary>Names the object's storage.</summary>
    public ObjectKey KeyOf(string name) => _probes.IdFromName(name).Key;

    /// <summary>Stops it in good order.</summary>
    public async Task Stop()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _host.StopAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stop();
        await ((IAsyncDisposable)_host).DisposeAsync();
        _transport.Dispose();
        _certificates.Dispose();
    }
}
