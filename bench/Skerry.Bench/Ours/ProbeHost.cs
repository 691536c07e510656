using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Objects;

namespace Skerry.Bench.Ours;

/// <summary>Objects hosted in this process, as any application does it; nothing else is in the host.</summary>
internal sealed class ProbeHost : IProbeHost
{
    private readonly IHost _host;
    private readonly DurableObjectNamespace<IProbe> _probes;

    private ProbeHost(IHost host)
    {
        _host = host;
        _probes = host.Services.GetRequiredService<DurableObjectNamespace<IProbe>>();
    }

    /// <summary>Starts over a data folder. All objects of a figure stay in memory with their databases open.</summary>
    public static async Task<IProbeHost> Start(string folder, CancellationToken cancel)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.AddSkerry(options =>
        {
            options.DataFolder = folder;
            options.OpenDatabasesMax = 4_000;
            options.IdleEvict = TimeSpan.FromMinutes(10);
        }).AddDurableObject<IProbe, Probe>();
        var host = builder.Build();
        await host.StartAsync(cancel);
        return new ProbeHost(host);
    }

    /// <inheritdoc/>
    public IProbe Probe(string name) => _probes.GetByName(name);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
