using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Accounts;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Audit;
using Skerry.Server.Management.Members;
using Skerry.Server.Management.Nodes;
using Skerry.Server.Management.Objects;
using Skerry.Server.Management.SignIn;
using Skerry.Server.Management.Tokens;
using Skerry.Server.Management.Users;

namespace Skerry.Server.Management;

/// <summary>The serializers of the management API: snake case, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<object>))]
[JsonSerializable(typeof(Envelope<string>))]
[JsonSerializable(typeof(Envelope<IdResult>))]
[JsonSerializable(typeof(Envelope<TokenResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<TokenResult>>))]
[JsonSerializable(typeof(Envelope<VerifiedTokenResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<PermissionGroupResult>>))]
[JsonSerializable(typeof(Envelope<AccountResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<AccountResult>>))]
[JsonSerializable(typeof(Envelope<MemberResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<MemberResult>>))]
[JsonSerializable(typeof(Envelope<MembershipResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<MembershipResult>>))]
[JsonSerializable(typeof(Envelope<UserResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<UserResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<SessionResult>>))]
[JsonSerializable(typeof(Envelope<SignInResult>))]
[JsonSerializable(typeof(Envelope<PasskeyResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<PasskeyResult>>))]
[JsonSerializable(typeof(Envelope<JsonElement>))]
[JsonSerializable(typeof(Envelope<TwoFactorResult>))]
[JsonSerializable(typeof(Envelope<RecoveryCodesResult>))]
[JsonSerializable(typeof(Envelope<LinkResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<LinkResult>>))]
[JsonSerializable(typeof(Envelope<BegunLinkResult>))]
[JsonSerializable(typeof(Envelope<RoleResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<RoleResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<AuditResult>>))]
[JsonSerializable(typeof(Envelope<AuditProofResult>))]
[JsonSerializable(typeof(Envelope<ExplainResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<NamespaceResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ObjectResult>>))]
[JsonSerializable(typeof(Envelope<FleetResult>))]
[JsonSerializable(typeof(Envelope<HistoryResult>))]
[JsonSerializable(typeof(Envelope<RestoredResult>))]
[JsonSerializable(typeof(Envelope<ProofResult>))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(AccountRequest))]
[JsonSerializable(typeof(MemberRequest))]
[JsonSerializable(typeof(MembershipRequest))]
[JsonSerializable(typeof(ProfileRequest))]
[JsonSerializable(typeof(EmailRequest))]
[JsonSerializable(typeof(PasswordRequest))]
[JsonSerializable(typeof(CodeRequest))]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(PasskeyAnswerRequest))]
[JsonSerializable(typeof(PasskeySignInRequest))]
[JsonSerializable(typeof(LinkResult))]
[JsonSerializable(typeof(NewUserRequest))]
[JsonSerializable(typeof(AuditProofRequest))]
[JsonSerializable(typeof(ExplainRequest))]
[JsonSerializable(typeof(RestoreRequest))]
[JsonSerializable(typeof(SignInMethodsResult))]
[JsonSerializable(typeof(PendingSignIn))]
internal sealed partial class ManagementJson : JsonSerializerContext
{
    private const int DepthMax = 16;

    /// <summary>
    /// The serializers to use. Quotes in messages stay as people write them, for no answer is part of a page; bodies that
    /// are nested deeply, or that say one thing twice, are refused.
    /// </summary>
    public static ManagementJson Readable { get; } = new(new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = DepthMax,
        AllowDuplicateProperties = false,
    });
}
