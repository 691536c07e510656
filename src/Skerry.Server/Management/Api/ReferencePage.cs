using Scalar.AspNetCore;

namespace Skerry.Server.Management.Api;

/// <summary>The API's document for reading and trying, at <c>/reference</c>. Its script is part of this build.</summary>
internal static class ReferencePage
{
    private const string Path = "/reference";

    /// <summary>Adds the page.</summary>
    public static void MapTo(IEndpointRouteBuilder routes) => routes.MapScalarApiReference(Path, static (options, _) =>
    {
        options.Title = "Skerry management API";
        options.OpenApiRoutePattern = "/openapi.json";

        // Nothing is loaded from elsewhere, nor told to anybody.
        options.DefaultFonts = false;
        options.Telemetry = false;
        options.ProxyUrl = null;
    });
}
