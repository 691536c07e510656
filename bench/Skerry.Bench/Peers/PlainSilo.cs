using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Skerry.Bench.Peers;

/// <summary>Orleans as it comes: one silo in this process, with its client.</summary>
internal sealed class PlainSilo : IAsyncDisposable
{
    /// <summary>The name of the grain storage that <see cref="StoredGrain"/> asks for.</summary>
    public const string StorageName = "postgres";

    private readonly IHost host;

    private PlainSilo(IHost host) => this.host = host;

    /// <summary>Where grains are called.</summary>
    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts a silo; with a connection string it also has Orleans' ADO.NET grain storage.</summary>
    public static async Task<PlainSilo> Start(string? connectionString, CancellationToken cancel)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(Tool.FreePort(), Tool.FreePort());
            if (connectionString is not null)
            {
                silo.AddAdoNetGrainStorage(StorageName, options =>
                {
                    options.Invariant = "Npgsql";
                    options.ConnectionString = connectionString;
                });
            }
        });
        var host = builder.Build();
        await host.StartAsync(cancel);
        return new PlainSilo(host);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
    }
}
