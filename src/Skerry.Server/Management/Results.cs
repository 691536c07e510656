using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skerry.Server.Management;

/// <summary>The answer of <c>/user/tokens/verify</c>.</summary>
internal sealed record TokenResult(string Id, string Status);

/// <summary>An account.</summary>
internal sealed record AccountResult(string Id, string Name, string Type);

/// <summary>A durable object namespace.</summary>
internal sealed record NamespaceResult(string Id, string Name, string Script, string Class, bool UseSqlite);

/// <summary>A durable object. This name alone is in camel case in the public API.</summary>
internal sealed record ObjectResult(string Id, [property: JsonPropertyName("hasStoredData")] bool HasStoredData);

/// <summary>The serializers of the management API: snake case, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<object>))]
[JsonSerializable(typeof(Envelope<TokenResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<AccountResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<NamespaceResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ObjectResult>>))]
internal sealed partial class ManagementJson : JsonSerializerContext
{
    /// <summary>The serializers to write with: quotes in messages stay as people write them, for no answer is part of a page.</summary>
    public static ManagementJson Readable { get; } = new(new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
