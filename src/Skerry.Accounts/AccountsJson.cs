using System.Text.Json.Serialization;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts;

/// <summary>How records are stored in the objects' databases.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(TokenSettings))]
internal sealed partial class AccountsJson : JsonSerializerContext;
