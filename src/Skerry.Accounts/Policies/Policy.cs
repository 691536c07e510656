namespace Skerry.Accounts.Policies;

/// <summary>A policy as clients write it. Not checked: <see cref="CompiledPolicies.TryCompile"/> does that.</summary>
/// <param name="Id">Names the policy in a <see cref="Decision"/>; 1 to <see cref="IdCharsMax"/> characters, no two alike.</param>
/// <param name="Effect">Allow or deny.</param>
/// <param name="PermissionGroups">Ids of permission groups; at least one.</param>
/// <param name="Resources">
/// Names of resources (see <see cref="ResourceName"/>), at least one, each with <c>*</c> as its value, such as
/// <c>"com.cloudflare.api.account.…": "*"</c>.
/// </param>
public sealed record Policy(
    string Id,
    PolicyEffect Effect,
    IReadOnlyList<string> PermissionGroups,
    IReadOnlyDictionary<string, string> Resources)
{
    /// <summary>The longest id.</summary>
    public const int IdCharsMax = 64;
}
