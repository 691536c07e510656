namespace Skerry.Server.Management;

/// <summary>The description of the management API, served as <c>/openapi.json</c>.</summary>
internal static class OpenApiDocument
{
    /// <summary>The document, UTF-8.</summary>
    public static ReadOnlyMemory<byte> Utf8 { get; } = EmbeddedFile.Read("openapi.json");

    /// <summary>Answers with the document.</summary>
    public static async Task Answer(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.BodyWriter.WriteAsync(Utf8, http.RequestAborted);
    }
}
