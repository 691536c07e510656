using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Skerry.Server.Credentials;

/// <summary>The account of this node, its owner's token, and where the node is reached. Immutable.</summary>
/// <param name="AccountId">32 hexadecimal digits.</param>
/// <param name="ApiToken">The owner's bearer token: 32 random bytes as 43 characters of base64url.</param>
/// <param name="ApiUrl">The management API's address at the last start.</param>
/// <param name="GatewayUrl">The gateway's address at the last start.</param>
internal sealed record AccountCredentials(
    [property: JsonPropertyName("account_id")] string AccountId,
    [property: JsonPropertyName("api_token")] string ApiToken,
    [property: JsonPropertyName("api_url")] string ApiUrl,
    [property: JsonPropertyName("gateway_url")] string GatewayUrl)
{
    /// <summary>The name of the account that the first start creates.</summary>
    public const string AccountName = "default";

    /// <summary>The token's public id: 32 hexadecimal digits that tell nothing about the token.</summary>
    [JsonIgnore]
    public string TokenId => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ApiToken)).AsSpan(0, 16));

    /// <summary>Makes a new account and token; the addresses are empty until the node listens.</summary>
    /// <param name="random">A cryptographic source.</param>
    public static AccountCredentials Create(RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[48];
        random.GetBytes(bytes);
        return new(Convert.ToHexStringLower(bytes[..16]), Base64Url.EncodeToString(bytes[16..]), "", "");
    }

    // The token must not reach a log by way of the record's own text.
    /// <inheritdoc/>
    public override string ToString() => $"account {AccountId}";
}
