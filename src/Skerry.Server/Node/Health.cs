using System.Text.Json;
using Skerry.Objects;
using Skerry.Server.Configuration;
using Skerry.Server.Hosting;
using Skerry.Server.Management;
using Skerry.Server.Management.Nodes;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay.Fleet;

namespace Skerry.Server.Node;

/// <summary>
/// Answers <c>/health</c>: 200 while objects can be read and written, 503 while storage refuses writes. A bucket in trouble
/// is told, but does not make it 503: all nodes of a fleet have the same one, and go on without it.
/// </summary>
internal sealed class Health(
    NodeStatus node, SkerryServerOptions options, TimeProvider time, GatewayAddress gateway, ISessionFigures? figures = null, IUploadCosts? costs = null)
{
    private const int CostliestMax = 10;

    private readonly long _started = time.GetTimestamp();

    /// <summary>The gateway's answer, without what only the node's owner needs to know.</summary>
    public Task AnswerGateway(HttpContext http) => Answer(http, details: false);

    /// <summary>The management listener's answer, with the facts that the dashboard shows.</summary>
    public Task AnswerManagement(HttpContext http) => Answer(http, details: true);

    private async Task Answer(HttpContext http, bool details)
    {
        var (problem, bucket) = (node.StorageTrouble, node.BucketTrouble);
        http.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status"u8, (problem ?? bucket) is null ? "ok"u8 : "degraded"u8);
        json.WriteString("version"u8, SkerryProcess.Version);
        json.WriteNumber("uptime_seconds"u8, (long)time.GetElapsedTime(_started).TotalSeconds);
        json.WriteStartObject("storage"u8);
        json.WriteString("status"u8, problem is null ? "ok"u8 : "degraded"u8);
        if (details)
        {
            json.WriteString("detail"u8, problem ?? "writes are accepted and made durable");
            json.WriteString("folder"u8, node.DataFolder);
        }

        json.WriteEndObject();
        if (options.IsFleet)
        {
            json.WriteStartObject("bucket"u8);
            json.WriteString("status"u8, bucket is null ? "ok"u8 : "degraded"u8);
            if (details)
            {
                json.WriteString("detail"u8, bucket ?? "confirmed writes get into the bucket");
                WriteUse(json);
            }

            json.WriteEndObject();
        }

        if (details)
        {
            WriteDetails(json);
        }

        json.WriteEndObject();
    }

    private void WriteUse(Utf8JsonWriter json)
    {
        if (costs is null)
        {
            return;
        }

        var use = costs.BucketUse;
        json.WriteNumber("puts"u8, use.Puts);
        json.WriteNumber("put_bytes"u8, use.PutBytes);
        json.WriteNumber("gets"u8, use.Gets);
        json.WriteNumber("get_bytes"u8, use.GetBytes);
        json.WriteNumber("lists"u8, use.Lists);
        json.WriteNumber("deletes"u8, use.Deletes);
        json.WriteStartArray("costliest_objects"u8);
        foreach (var (key, cost) in costs.Costliest(CostliestMax))
        {
            json.WriteStartObject();
            json.WriteString("namespace"u8, key.Namespace);
            json.WriteString("id"u8, key.Id.ToString());

            // Of a bundle that many objects share each has a part.
            json.WriteNumber("puts"u8, Math.Round(cost.Puts, 3));
            json.WriteNumber("put_bytes"u8, cost.PutBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteDetails(Utf8JsonWriter json)
    {
        json.WriteString("gateway_url"u8, gateway.ClientUrl);
        json.WriteNumber("active_objects"u8, node.ActiveObjects);
        json.WriteNumber("open_databases"u8, node.OpenDatabases);
        json.WriteNumber("pending_alarms"u8, node.PendingAlarms);
        json.WriteNumber("log_bytes_appended"u8, node.LogBytesAppended);
        if (figures is not null)
        {
            // What this node knows of itself and its followers, without asking anybody.
            json.WriteString("cluster"u8, options.Cluster.Name);
            json.WriteString("node"u8, options.Node.Name);
            json.WriteString("zone"u8, options.Node.Zone);
            json.WritePropertyName("log"u8);
            JsonSerializer.Serialize(json, FiguresResult.Of(figures.Read()), ManagementJson.Readable.FiguresResult);
        }

        json.WriteStartArray("namespaces"u8);
        foreach (var (name, className) in node.PublicNamespaces())
        {
            json.WriteStartObject();
            json.WriteString("id"u8, NamespaceId.Of(name));
            json.WriteString("name"u8, name);
            json.WriteString("class"u8, className);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
