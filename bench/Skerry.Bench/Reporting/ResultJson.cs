using System.Text.Encodings.Web;
using System.Text.Json;

namespace Skerry.Bench.Reporting;

/// <summary>A result as one line of JSON.</summary>
internal static class ResultJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes <c>suite</c>, <c>name</c>, <c>value</c>, <c>unit</c>, <c>peer</c>, <c>peer_value</c>, <c>ratio</c>.</summary>
    public static string Line(FigureResult result) => JsonSerializer.Serialize(result, Options);
}
