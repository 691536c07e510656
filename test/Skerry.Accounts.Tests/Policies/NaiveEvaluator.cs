using System.Net;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tests.Policies;

/// <summary>What policies mean, told slowly and plainly from their text. The evaluator must agree.</summary>
internal static class NaiveEvaluator
{
    public static bool IsAllowed(
        IEnumerable<Policy> policies, TokenConditions conditions, Permission permission, string resource, IPAddress? caller, DateTimeOffset now) =>
        HoldAt(conditions, now) && HoldFrom(conditions, caller)
        && policies.Any(one => one.Effect == PolicyEffect.Allow && Matches(one, permission, resource))
        && !policies.Any(one => one.Effect == PolicyEffect.Deny && Matches(one, permission, resource));

    private static bool Matches(Policy policy, Permission permission, string resource) =>
        policy.Resources.Keys.Any(key => IsAtOrBelow(resource, key))
        && policy.PermissionGroups.Select(id => PermissionGroups.Find(id)!).Any(group => policy.Effect == PolicyEffect.Allow
            ? group.Permission == permission || group.Implied.Contains(permission)
            : group.Permission == permission || (group.Permission.Access == AccessLevel.Read && group.Permission.Product == permission.Product));

    private static bool IsAtOrBelow(string resource, string key) =>
        resource == key
        || resource.StartsWith(key + ".", StringComparison.Ordinal)
        || (key == "com.cloudflare.api.account.*" && resource.StartsWith("com.cloudflare.api.account.", StringComparison.Ordinal));

    private static bool HoldAt(TokenConditions conditions, DateTimeOffset now) =>
        (conditions.NotBefore is not { } from || from <= now) && (conditions.ExpiresOn is not { } to || now < to);

    private static bool HoldFrom(TokenConditions conditions, IPAddress? caller)
    {
        if (conditions.In is null && conditions.NotIn is null)
        {
            return true;
        }

        var address = caller is { IsIPv4MappedToIPv6: true } ? caller.MapToIPv4() : caller;
        return address is not null
            && (conditions.In?.Any(one => one.Contains(address)) ?? true)
            && !(conditions.NotIn?.Any(one => one.Contains(address)) ?? false);
    }
}
