using System.Text.Json;
using Skerry.Server.Hosting;

namespace Skerry.Server.Node;

/// <summary>Answers <c>/health</c>: 200 while objects can be read and written, 503 while storage refuses writes.</summary>
internal sealed class Health(NodeFacts node, TimeProvider time, GatewayAddress gateway)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>The gateway's answer, without what only the node's owner needs to know.</summary>
    public Task AnswerGateway(HttpContext http) => Answer(http, details: false);

    /// <summary>The management listener's answer, with the facts that the dashboard shows.</summary>
    public Task AnswerManagement(HttpContext http) => Answer(http, details: true);

    private async Task Answer(HttpContext http, bool details)
    {
        var problem = node.StorageProblem;
        http.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status"u8, problem is null ? "ok"u8 : "degraded"u8);
        json.WriteString("version"u8, SkerryProcess.Version);
        json.WriteNumber("uptime_seconds"u8, (long)time.GetElapsedTime(_started).TotalSeconds);
        json.WriteStartObject("storage"u8);
        json.WriteString("status"u8, problem is null ? "ok"u8 : "full"u8);
        if (details)
        {
            json.WriteString("detail"u8, problem ?? "writes are accepted and made durable");
            json.WriteString("folder"u8, node.DataFolder);
        }

        json.WriteEndObject();
        if (details)
        {
            WriteDetails(json);
        }

        json.WriteEndObject();
    }

    private void WriteDetails(Utf8JsonWriter json)
    {
        json.WriteString("gateway_url"u8, gateway.ClientUrl);
        json.WriteStartObject("log"u8);
        json.WriteString("position"u8, node.LogPosition);
        json.WriteNumber("bytes"u8, node.LogBytes);
        json.WriteEndObject();
        json.WriteStartArray("namespaces"u8);
        foreach (var one in node.Namespaces())
        {
            json.WriteStartObject();
            json.WriteString("id"u8, one.Id);
            json.WriteString("name"u8, one.Name);
            json.WriteString("class"u8, one.ClassName);
            json.WriteNumber("active_objects"u8, one.ActiveObjects);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
