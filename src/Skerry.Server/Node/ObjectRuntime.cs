using FlightSeating;
using Skerry.Objects;
using Skerry.Server.Configuration;

namespace Skerry.Server.Node;

/// <summary>Where the server meets the object runtime: which classes it hosts, with which settings.</summary>
internal static class ObjectRuntime
{
    /// <summary>Adds the runtime and the built-in classes.</summary>
    public static void AddTo(WebApplicationBuilder builder, SkerryServerOptions options)
    {
        builder.AddSkerry(skerry => skerry.DataFolder = options.DataFolder)
            .AddDurableObject<IFlight, Flight>();
        builder.Services.AddSingleton<NodeFacts>();
    }

    /// <summary>Adds the objects' own HTTP.</summary>
    public static void MapTo(WebApplication app) => app.MapDurableObjects();
}
