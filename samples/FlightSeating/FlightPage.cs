using System.Text;
using Microsoft.AspNetCore.Http;

namespace FlightSeating;

/// <summary>The seat map's page: one HTML file with its style and script inside, built into the assembly.</summary>
internal static class FlightPage
{
    private static readonly ReadOnlyMemory<byte> Html = Encoding.UTF8.GetBytes(
        Read("flight.html")
            .Replace("/* flight.css */", Read("flight.css"), StringComparison.Ordinal)
            .Replace("/* flight.js */", Read("flight.js"), StringComparison.Ordinal));

    /// <summary>Answers with the page; it takes the flight's name from its own address.</summary>
    public static async Task Answer(HttpContext http)
    {
        if (!FlightName.IsValid((string)http.Request.RouteValues["flight"]!))
        {
            await FlightError.Name.Write(http);
            return;
        }

        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:";
        await http.Response.BodyWriter.WriteAsync(Html, http.RequestAborted);
    }

    private static string Read(string name)
    {
        using var stream = typeof(FlightPage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded in this build.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
