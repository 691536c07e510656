namespace Skerry.Server.Dashboard;

/// <summary>
/// The pages of the management listener: the node, which reads <c>/health</c> and needs no token, and accounts, which signs
/// in. They load nothing from elsewhere, and no other page can frame them.
/// </summary>
internal static class Pages
{
    // Load balancers and monitors ask with HEAD.
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds the pages.</summary>
    public static void MapTo(IEndpointRouteBuilder routes)
    {
        Map("/", "dashboard.html", "text/html", "'unsafe-inline'");
        Map("/account", "account.html", "text/html", "'self'");
        Map("/account.js", "account.js", "text/javascript", "'none'");
        Map("/page.css", "page.css", "text/css", "'none'");

        void Map(string path, string file, string type, string scripts)
        {
            ReadOnlyMemory<byte> content = EmbeddedFile.Read(file);
            routes.MapMethods(path, GetAndHead, async http =>
            {
                http.Response.ContentType = $"{type}; charset=utf-8";
                http.Response.Headers.CacheControl = "no-cache";
                http.Response.Headers.XContentTypeOptions = "nosniff";
                http.Response.Headers["Referrer-Policy"] = "no-referrer";
                http.Response.Headers.ContentSecurityPolicy =
                    $"default-src 'none'; style-src 'self' 'unsafe-inline'; script-src {scripts}; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
                await http.Response.BodyWriter.WriteAsync(content, http.RequestAborted);
            });
        }
    }
}
