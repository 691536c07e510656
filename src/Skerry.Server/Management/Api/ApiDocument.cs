using System.Text.Json;
using Skerry.Accounts.Permissions;

namespace Skerry.Server.Management.Api;

/// <summary>
/// The description of the management API, served as <c>/openapi.json</c>, and its source: paths, methods and the permissions
/// that calls need are read from it, so that what is described is what is served and checked.
/// </summary>
internal static class ApiDocument
{
    /// <summary>The extension of an operation that names the permission groups of which any one lets a token call it.</summary>
    private const string PermissionsField = "x-permissions";

    /// <summary>The document, UTF-8.</summary>
    public static ReadOnlyMemory<byte> Utf8 { get; } = EmbeddedFile.Read("openapi.json");

    /// <summary>Every operation.</summary>
    public static IReadOnlyList<ApiOperation> Operations { get; } = Read();

    /// <summary>Answers with the document.</summary>
    public static async Task Answer(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.BodyWriter.WriteAsync(Utf8, http.RequestAborted);
    }

    private static IReadOnlyList<ApiOperation> Read()
    {
        using var document = JsonDocument.Parse(Utf8);
        return
        [
            .. from path in document.RootElement.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               where operation.Name != "parameters"
               select Read(path.Name, operation.Name, operation.Value),
        ];
    }

    private static ApiOperation Read(string path, string method, JsonElement operation)
    {
        var id = operation.GetProperty("operationId").GetString()!;

        // Said for every operation, so that none is open to everybody because somebody forgot it.
        if (!operation.TryGetProperty(PermissionsField, out var names))
        {
            throw new InvalidOperationException($"The operation {id} does not say in {PermissionsField} what it needs.");
        }

        return new(
            id,
            method.ToUpperInvariant(),
            path,
            [.. names.EnumerateArray().Select(name => PermissionGroups.FindByName(name.GetString())?.Permission
                ?? throw new InvalidOperationException($"The operation {id} needs \"{name}\", which is no permission group."))],
            IsOpen: operation.TryGetProperty("security", out var security) && security.GetArrayLength() == 0,
            IsOfCluster: Has("x-cluster"),
            IsForSuperAdministrators: Has("x-super-administrator"),
            IsForUsers: Has("x-user"),
            IsForWholeUser: Has("x-whole-user"));

        bool Has(string field) => operation.TryGetProperty(field, out var value) && value.GetBoolean();
    }
}
