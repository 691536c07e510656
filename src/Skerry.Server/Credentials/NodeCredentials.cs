using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Skerry.Server.Credentials;

/// <summary>What a node's operator has to reach it. Immutable.</summary>
/// <param name="AccountId">The cluster's account, 32 hexadecimal digits; null until the node could ask for it.</param>
/// <param name="ApiToken">A token with which everything may be done in it; likewise.</param>
/// <param name="NodeToken">
/// A token of this node alone, with which only <c>skerry nodes</c> works: also when so many nodes are gone that no other
/// token can be looked up. 32 random bytes as 43 characters of base64url.
/// </param>
/// <param name="ApiUrl">The management API's address at the last start.</param>
/// <param name="GatewayUrl">The gateway's address at the last start.</param>
internal sealed record NodeCredentials(
    [property: JsonPropertyName("account_id")] string? AccountId,
    [property: JsonPropertyName("api_token")] string? ApiToken,
    [property: JsonPropertyName("node_token")] string? NodeToken,
    [property: JsonPropertyName("api_url")] string ApiUrl,
    [property: JsonPropertyName("gateway_url")] string GatewayUrl)
{
    private const int NodeTokenBytes = 32;

    /// <summary>Whether there is a token for the API.</summary>
    [JsonIgnore]
    public bool IsComplete => AccountId is not null && ApiToken is not null;

    /// <summary>Those of a node that has asked nobody yet.</summary>
    /// <param name="random">A cryptographic source.</param>
    public static NodeCredentials Create(RandomNumberGenerator random) => new(null, null, NewNodeToken(random), "", "");

    /// <summary>The same, with a token of the node if it has none.</summary>
    public NodeCredentials WithNodeToken(RandomNumberGenerator random) => NodeToken is { Length: > 0 } ? this : this with { NodeToken = NewNodeToken(random) };

    // The tokens must not reach a log by way of the record's own text.
    /// <inheritdoc/>
    public override string ToString() => $"account {AccountId ?? "unknown"}";

    private static string NewNodeToken(RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[NodeTokenBytes];
        random.GetBytes(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
