using System.Text.Json.Serialization;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;

namespace Skerry.Accounts;

/// <summary>How records are stored in the objects' databases.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(TokenSettings))]
[JsonSerializable(typeof(MemberSettings))]
[JsonSerializable(typeof(MemberRecord))]
[JsonSerializable(typeof(UserInfo))]
[JsonSerializable(typeof(UserLink))]
internal sealed partial class AccountsJson : JsonSerializerContext;
