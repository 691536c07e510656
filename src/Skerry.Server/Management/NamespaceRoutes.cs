using System.Globalization;
using Skerry.Objects;
using Skerry.Server.Node;

namespace Skerry.Server.Management;

/// <summary>Lists durable object namespaces and the objects in them.</summary>
internal sealed class NamespaceRoutes(AccountGuard guard, NodeStatus node)
{
    // The public API's default and bounds.
    private const int LimitDefault = 1000;
    private const int LimitMin = 1;
    private const int LimitMax = 10_000;

    /// <summary>The script that classes built into the node are listed under.</summary>
    private const string BuiltInScript = "skerry";

    /// <summary>Adds the routes to <paramref name="api"/>.</summary>
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/accounts/{account_id}/workers/durable_objects/namespaces", guard.For(ListNamespaces));
        api.MapGet("/accounts/{account_id}/workers/durable_objects/namespaces/{id}/objects", guard.For(ListObjects));
    }

    private Task ListNamespaces(HttpContext http)
    {
        var all = node.Namespaces
            .OrderBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => new NamespaceResult(NamespaceId.Of(one.Name), one.Name, BuiltInScript, one.Class, UseSqlite: true))
            .ToList();
        return EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListNamespaceResult,
            all,
            new() { Count = all.Count, Page = 1, PerPage = Math.Max(20, all.Count), TotalCount = all.Count, TotalPages = 1 });
    }

    private async Task ListObjects(HttpContext http)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        var name = node.Namespaces.Select(one => one.Name).FirstOrDefault(one => NamespaceId.Of(one) == id);
        if (name is null)
        {
            await EnvelopeResponse.Error(
                http, StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, $"There is no namespace {id}; list the namespaces to see their ids.");
            return;
        }

        var limit = LimitDefault;
        if (http.Request.Query.TryGetValue("limit", out var limitText)
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < LimitMin or > LimitMax))
        {
            await EnvelopeResponse.Error(
                http, StatusCodes.Status400BadRequest, ErrorCodes.InvalidParameter, $"limit: \"{limitText}\" is not accepted; accepted is a whole number from {LimitMin} to {LimitMax}.");
            return;
        }

        // The cursor is the last id of the part before: stable while objects come and go.
        var cursor = http.Request.Query["cursor"].ToString();
        if (cursor.Length > 0 && !(cursor.Length == 64 && cursor.All(char.IsAsciiHexDigit)))
        {
            await EnvelopeResponse.Error(
                http, StatusCodes.Status400BadRequest, ErrorCodes.InvalidParameter, "cursor: is not one that this API gave; leave it out to start from the beginning.");
            return;
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
