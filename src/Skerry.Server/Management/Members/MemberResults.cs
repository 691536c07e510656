using Skerry.Accounts.Members;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Users;
using Skerry.Server.Management.Accounts;
using Skerry.Server.Management.Tokens;

namespace Skerry.Server.Management.Members;

/// <summary>A member or an invitation, as those see it who manage members.</summary>
internal sealed record MemberResult(
    string Id, string Email, string Status, IReadOnlyList<RoleResult> Roles, IReadOnlyList<PolicyResult> Policies, MemberUserResult User)
{
    /// <summary>What is shown of a member.</summary>
    /// <param name="member">The member.</param>
    /// <param name="user">The user; null while the invitation is pending.</param>
    public static MemberResult Of(MemberRecord member, UserInfo? user) => new(
        member.Id,
        member.Email,
        StatusOf(member),
        RolesOf(member),
        [.. (member.Settings.Policies ?? []).Select(PolicyResult.Of)],
        new(member.UserId, member.Email, user?.FirstName, user?.LastName, user?.TwoFactorEnabled ?? false));

    /// <summary><c>accepted</c> or <c>pending</c>.</summary>
    public static string StatusOf(MemberRecord member) => member.Status == MemberStatus.Accepted ? "accepted" : "pending";

    /// <summary>The roles with their permissions.</summary>
    public static IReadOnlyList<RoleResult> RolesOf(MemberRecord member) =>
        [.. member.Settings.Roles.Select(RoleTable.Find).OfType<Role>().Select(RoleResult.Of)];
}

/// <summary>The user of a member.</summary>
internal sealed record MemberUserResult(string? Id, string Email, string? FirstName, string? LastName, bool TwoFactorAuthenticationEnabled);

/// <summary>A membership or an invitation, as its user sees it.</summary>
internal sealed record MembershipResult(
    string Id,
    string Status,
    AccountResult Account,
    IReadOnlyList<string> Roles,
    IReadOnlyDictionary<string, RolePermissionResult> Permissions,
    IReadOnlyList<PolicyResult> Policies)
{
    /// <summary>What is shown of a membership.</summary>
    public static MembershipResult Of(Membership membership)
    {
        var roles = MemberResult.RolesOf(membership.Member);
        return new(
            membership.Member.Id,
            MemberResult.StatusOf(membership.Member),
            AccountResult.Of(membership.Account),
            [.. roles.Select(static one => one.Name)],
            roles.SelectMany(static one => one.Permissions).GroupBy(static one => one.Key)
                .ToDictionary(static one => one.Key, static one => new RolePermissionResult(one.Any(static p => p.Value.Read), one.Any(static p => p.Value.Write))),
            [.. (membership.Member.Settings.Policies ?? []).Select(PolicyResult.Of)]);
    }
}
