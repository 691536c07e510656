using System.Net;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Keeps other sites' pages, in a browser on this machine, away from the management listener.
/// <list type="number">
/// <item>On loopback the <c>Host</c> must be this machine's own: a page whose name was pointed at 127.0.0.1 (DNS
/// rebinding) would else read what the dashboard shows.</item>
/// <item>Requests that a browser marks as another site's are refused if they could change anything.</item>
/// </list>
/// Clients that are no browsers send neither header of the second kind and pass. The token is asked for all the same.
/// </summary>
internal static class BrowserGuard
{
    /// <summary>The middleware.</summary>
    public static Task Invoke(HttpContext http, RequestDelegate next)
    {
        // 1.
        if (http.Connection.LocalIpAddress is { } local && IPAddress.IsLoopback(local) && !IsLoopbackName(http.Request.Host.Host))
        {
            return Refuse(http, $"Host: \"{http.Request.Host}\" is not this machine; accepted are localhost and addresses of loopback. A proxy in front has to send one of them.");
        }

        // 2.
        return ChangesState(http.Request.Method) && IsFromElsewhere(http.Request)
            ? Refuse(http, "The request was sent by another site's page; this API takes requests of browsers from its own pages only.")
            : next(http);
    }

    /// <summary>Whether a host is this machine, whatever any name server says.</summary>
    public static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.AsSpan().Trim("[]"), out var address) && IPAddress.IsLoopback(address));

    private static bool ChangesState(string method) => !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);

    private static bool IsFromElsewhere(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site)
        {
            return site is not ("same-origin" or "none");
        }

        return request.Headers.Origin.ToString() is { Length: > 0 } origin
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static Task Refuse(HttpContext http, string message) =>
        EnvelopeResponse.Error(http, StatusCodes.Status403Forbidden, ErrorCodes.ForeignSite, message);
}
