using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;
using Skerry.Server.Node;

namespace Skerry.Server.Management.Objects;

/// <summary>Lists durable object namespaces and the objects in them.</summary>
internal sealed class NamespaceRoutes(NodeStatus node, AccountNamespaces namespaces)
{
    // The public API's default and bounds.
    private const int LimitDefault = 1000;
    private const int LimitMin = 1;
    private const int LimitMax = 10_000;

    /// <summary>The script that classes built into the node are listed under.</summary>
    private const string BuiltInScript = "skerry";

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("durable-objects-namespace-list-namespaces", ListNamespaces);
        routes.Add("durable-objects-namespace-list-objects", ListObjects);
    }

    private async Task ListNamespaces(HttpContext http)
    {
        var all = (await namespaces.ListAsync(http))
            .OrderBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => new NamespaceResult(NamespaceId.Of(one.Name), one.Name, BuiltInScript, one.Class, UseSqlite: true))
            .ToList();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListNamespaceResult,
            all,
            new() { Count = all.Count, Page = 1, PerPage = Math.Max(20, all.Count), TotalCount = all.Count, TotalPages = 1 });
    }

    private async Task ListObjects(HttpContext http)
    {
        var name = await namespaces.FindAsync(http);
        var limit = Query.Whole(http, "limit", LimitDefault, LimitMin, LimitMax);

        // The cursor is the last id of the part before: stable while objects come and go.
        var cursor = http.Request.Query["cursor"].ToString();
        if (cursor.Length > 0 && !(cursor.Length == 64 && cursor.All(char.IsAsciiHexDigit)))
        {
            throw Query.NotAccepted("cursor", cursor, "one that this API gave, or none to start from the beginning");
        }

        // One more than asked for tells whether there is a next part.
        var found = await node.ObjectsOfAsync(name, cursor.Length == 0 ? null : cursor, limit + 1, http.RequestAborted);
        var page = found.Take(limit).Select(one => new ObjectResult(one, HasStoredData: true)).ToList();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListObjectResult,
            page,
            new() { Count = page.Count, Cursor = found.Count > limit ? page[^1].Id : "" });
    }
}
