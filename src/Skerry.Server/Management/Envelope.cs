using System.Text.Json.Serialization;

namespace Skerry.Server.Management;

/// <summary>The frame around every answer of the management API, as the public v4 API has it.</summary>
internal sealed record Envelope<T>(
    T? Result,
    bool Success,
    IReadOnlyList<ApiMessage> Errors,
    IReadOnlyList<ApiMessage> Messages,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ResultInfo? ResultInfo = null);

/// <summary>An error or a notice: a number that programs can rely on, and a sentence for people.</summary>
internal sealed record ApiMessage(int Code, string Message);

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
}
