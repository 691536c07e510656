using Scalar.AspNetCore;

namespace Skerry.Server.Management.Api;

/// <summary>The API's document for reading and trying, at <c>/reference</c>. Its script is part of this build.</summary>
internal static class ReferencePage
{
    private const string Path = "/reference";

    // Nothing is loaded from elsewhere, nor told to anybody, whatever the script would like.
    private const string Policy =
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'";

    /// <summary>Adds the page.</summary>
    public static void MapTo(IEndpointRouteBuilder routes) => routes.MapScalarApiReference(Path, static (options, http) =>
    {
        http.Response.Headers.ContentSecurityPolicy = Policy;
        options.Title = "Skerry management API";
        options.OpenApiRoutePattern = "/openapi.json";
        options.DefaultFonts = false;
        options.Telemetry = false;
        options.ProxyUrl = null;
        options.HideDeveloperTools().DisableAgent().DisableMcp();
    });
}
