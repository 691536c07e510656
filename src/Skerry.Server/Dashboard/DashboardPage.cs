namespace Skerry.Server.Dashboard;

/// <summary>The node's page on the management listener. It reads <c>/health</c>, which needs no token.</summary>
internal static class DashboardPage
{
    private static readonly ReadOnlyMemory<byte> Html = EmbeddedFile.Read("dashboard.html");

    /// <summary>Answers with the page.</summary>
    public static async Task Answer(HttpContext http)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:";
        await http.Response.BodyWriter.WriteAsync(Html, http.RequestAborted);
    }
}
