using System.Text.Json;
using Skerry.Accounts.Users;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Users;

/// <summary>A user, as clients see it.</summary>
internal sealed record UserResult(
    string Id,
    string Email,
    string? FirstName,
    string? LastName,
    bool TwoFactorAuthenticationEnabled,
    bool HasPassword,
    bool Suspended,
    DateTimeOffset CreatedOn,
    DateTimeOffset ModifiedOn)
{
    /// <summary>What is shown of a user.</summary>
    public static UserResult Of(UserInfo user) => new(
        user.Id, user.Email, user.FirstName, user.LastName, user.TwoFactorEnabled, user.HasPassword, Suspended: false, user.CreatedOn, user.ModifiedOn);
}

/// <summary>A session, as its user sees it.</summary>
internal sealed record SessionResult(
    string Id, DateTimeOffset CreatedOn, DateTimeOffset ExpiresOn, DateTimeOffset? LastUsedOn, string? IpAddress, string? UserAgent, bool IsCurrent);

/// <summary>A session just begun.</summary>
internal sealed record SignInResult(string UserId, string SessionId, string Token, DateTimeOffset ExpiresOn);

/// <summary>What an app that shows codes needs.</summary>
internal sealed record TwoFactorResult(string Secret, string Uri);

/// <summary>Codes for when that app is lost.</summary>
internal sealed record RecoveryCodesResult(IReadOnlyList<string> RecoveryCodes);

/// <summary>What can be changed of a profile. What is left out stays.</summary>
internal sealed record ProfileRequest(JsonElement FirstName, JsonElement LastName);

/// <summary>A field that may be left out.</summary>
internal static class OptionalField
{
    /// <summary>The text or null that was sent, or what was there before if nothing was.</summary>
    /// <exception cref="RequestException">It is something else.</exception>
    public static string? Or(this JsonElement field, string name, string? before) => field.ValueKind switch
    {
        JsonValueKind.Undefined => before,
        JsonValueKind.Null => null,
        JsonValueKind.String => field.GetString(),
        _ => throw new RequestException(
            StatusCodes.Status400BadRequest, [new(ErrorCodes.InvalidBody, $"{name}: it is no text; accepted is a text, or null.", ErrorSource.OfPath(name))]),
    };
}

/// <summary>Another e-mail address.</summary>
internal sealed record EmailRequest(string? Email);

/// <summary>Another password, or the proof of the present one.</summary>
internal sealed record PasswordRequest(string? CurrentPassword, string? Password, bool EndTokens = false);

/// <summary>A code of the second factor.</summary>
internal sealed record CodeRequest(string? Code);

/// <summary>How somebody proves who he is.</summary>
internal sealed record SignInRequest(string? Email, string? Password, string? Code);

/// <summary>What a user is made with.</summary>
internal sealed record NewUserRequest(string? Email, string? Password, string? FirstName, string? LastName);
