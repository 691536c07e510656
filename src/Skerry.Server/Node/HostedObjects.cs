using FlightSeating;
using Skerry.Objects;
using Skerry.Server.Configuration;

namespace Skerry.Server.Node;

/// <summary>Where the server meets the object runtime: which classes it hosts, with which settings.</summary>
internal static class HostedObjects
{
    /// <summary>Adds the runtime and the built-in classes.</summary>
    public static void AddTo(WebApplicationBuilder builder, SkerryServerOptions options) =>
        builder.AddSkerry(skerry =>
            {
                skerry.DataFolder = options.DataFolder;
                skerry.IdleEvict = options.IdleEvictAfter;
                skerry.OpenDatabasesMax = options.OpenDatabasesMax;
                skerry.SqlLimits = skerry.SqlLimits with { BoundParameters = options.SqlBoundParametersMax };
                skerry.Storage.HistoryRetention = options.HistoryFor;
                skerry.Storage.HistoryBytesMax = options.HistoryBytesMax;
            })
            .AddDurableObject<IFlight, Flight>();

    /// <summary>Adds the objects' own HTTP.</summary>
    public static void MapTo(WebApplication app) => app.MapDurableObjects();
}
