using Microsoft.AspNetCore.Http;

namespace FlightSeating;

/// <summary>
/// Tells requests that a browser sends for another site's page. Flights ask for no token, and a WebSocket or a form's
/// POST needs no permission of the site it goes to, so that any page could book on the reader's own machine.
/// </summary>
internal static class ForeignSite
{
    /// <summary>Whether another site's page sent the request. Clients that are no browsers send neither header, and pass.</summary>
    public static bool Sent(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site)
        {
            return site is not ("same-origin" or "none");
        }

        return request.Headers.Origin.ToString() is { Length: > 0 } origin
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
