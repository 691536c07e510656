using Skerry.Objects;
using Skerry.Objects.Fleet;
using Skerry.Storage.Relay.Grpc;

namespace Skerry.Server.Hosting;

/// <summary>
/// Everything that the listener for other nodes serves. It has routes of its own, so that the gateway and the management
/// listener never answer for it, nor it for them.
/// </summary>
internal static class NodePipeline
{
    /// <summary>Builds the pipeline.</summary>
    public static RequestDelegate Build(IServiceProvider services)
    {
        var pipeline = new ApplicationBuilder(services);
        pipeline.UseWebSockets();
        pipeline.MapInternalObjects();
        pipeline.UseRouting();
        pipeline.UseEndpoints(routes =>
        {
            // A node without objects follows nobody.
            if (services.GetService<RelayServer>() is { } relay)
            {
                routes.MapRelay(relay);
            }
        });
        return pipeline.Build();
    }
}
