using System.Text.Json.Serialization;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;

namespace Skerry.Server.Management.Tokens;

/// <summary>A token, as clients see it.</summary>
internal sealed record TokenResult(
    string Id,
    string Name,
    string Status,
    DateTimeOffset IssuedOn,
    DateTimeOffset ModifiedOn,
    DateTimeOffset? LastUsedOn,
    DateTimeOffset? NotBefore,
    DateTimeOffset? ExpiresOn,
    TokenCondition Condition,
    IReadOnlyList<PolicyResult> Policies,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Value = null)
{
    /// <summary>What is shown of a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="now">The time.</param>
    /// <param name="value">Its value, if it has just been made.</param>
    public static TokenResult Of(TokenRecord token, DateTimeOffset now, string? value = null)
    {
        var settings = token.Settings;
        return new(
            token.Id,
            settings.Name,
            StatusOf(token, now),
            token.IssuedOn,
            token.ModifiedOn,
            token.LastUsedOn,
            settings.NotBefore,
            settings.ExpiresOn,
            new(settings.AddressesIn is null && settings.AddressesNotIn is null ? null : new(settings.AddressesIn, settings.AddressesNotIn)),
            [.. settings.Policies.Select(PolicyResult.Of)],
            value);
    }

    /// <summary>What a token is now: <c>active</c>, <c>disabled</c> or <c>expired</c>.</summary>
    public static string StatusOf(TokenRecord token, DateTimeOffset now) =>
        token.Settings.ExpiresOn <= now ? "expired"
        : token.Settings.IsDisabled ? "disabled"
        : "active";
}

/// <summary>A policy, as clients see it.</summary>
internal sealed record PolicyResult(
    string Id, string Effect, IReadOnlyList<PermissionGroupReference> PermissionGroups, IReadOnlyDictionary<string, string> Resources)
{
    /// <summary>What is shown of a policy.</summary>
    public static PolicyResult Of(Policy policy) => new(
        policy.Id,
        policy.Effect == PolicyEffect.Allow ? "allow" : "deny",
        [.. policy.PermissionGroups.Select(static id => new PermissionGroupReference(id, NameOf(id)))],
        policy.Resources);

    private static string NameOf(string id) => global::Skerry.Accounts.Permissions.PermissionGroups.Find(id)?.Name ?? "";
}

/// <summary>A permission group in a policy.</summary>
internal sealed record PermissionGroupReference(string Id, string Name);

/// <summary>A permission group of the list of all.</summary>
internal sealed record PermissionGroupResult(string Id, string Name, IReadOnlyList<string> Scopes);

/// <summary>What is told of the token that a request carries.</summary>
internal sealed record VerifiedTokenResult(string Id, string Status, DateTimeOffset? NotBefore, DateTimeOffset? ExpiresOn);

/// <summary>What is left of something that was deleted.</summary>
internal sealed record IdResult(string Id);
