using System.Text.Json.Serialization;

namespace Skerry.Server.Management.Api;

/// <summary>The frame around every answer of the management API, as the public v4 API has it.</summary>
internal sealed record Envelope<T>(
    T? Result,
    bool Success,
    IReadOnlyList<ApiMessage> Errors,
    IReadOnlyList<ApiMessage> Messages,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ResultInfo? ResultInfo = null);

/// <summary>An error or a notice: a number that programs can rely on, a sentence for people, and what it is about.</summary>
internal sealed record ApiMessage(
    int Code, string Message, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ErrorSource? Source = null);

/// <summary>What in the request an error is about: a field of the body, or a parameter.</summary>
/// <param name="Pointer">A JSON pointer (RFC 6901), such as <c>/policies/0/effect</c>.</param>
/// <param name="Parameter">The parameter's name.</param>
internal sealed record ErrorSource(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Pointer = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Parameter = null)
{
    /// <summary>Of a path such as <c>policies[0].effect</c>, or the same behind <c>$.</c></summary>
    public static ErrorSource OfPath(string path) =>
        new("/" + path.TrimStart('$').TrimStart('.').Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace('.', '/'));
}

/// <summary>Where in a list an answer is. Members that a list does not have are left out.</summary>
internal sealed record ResultInfo
{
    public required int Count { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Page { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PerPage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TotalCount { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TotalPages { get; init; }

    /// <summary>What to pass for the next part; empty at the end, null for lists that have pages.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Cursor { get; init; }

    /// <summary>The same where the public API's client looks for it in this place.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NextCursor? Cursors { get; init; }
}

/// <summary>What to pass for the next part; left out at the end.</summary>
internal sealed record NextCursor([property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? After);
