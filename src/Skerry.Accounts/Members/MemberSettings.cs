using System.Text.Json.Serialization;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;

namespace Skerry.Accounts.Members;

/// <summary>What can be chosen of a member, as clients write it. Not checked: <see cref="MemberRights.TryCompile"/> does that.</summary>
/// <param name="Roles">Ids of roles (<see cref="RoleTable"/>).</param>
/// <param name="Policies">Policies besides, each on the account or on what is in it; null: none.</param>
public sealed record MemberSettings(IReadOnlyList<string> Roles, IReadOnlyList<Policy>? Policies = null)
{
    /// <summary>How long all of it may be as JSON, in characters.</summary>
    public const int JsonCharsMax = 64 * 1024;

    /// <summary>Whether it makes a super administrator: by the role, without anything that is denied.</summary>
    [JsonIgnore]
    public bool IsSuperAdministrator =>
        Roles.Contains(RoleTable.SuperAdministrator.Id) && Policies?.Any(static one => one.Effect == PolicyEffect.Deny) != true;
}
