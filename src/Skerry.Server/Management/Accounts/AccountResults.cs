using Skerry.Accounts;
using Skerry.Accounts.Roles;

namespace Skerry.Server.Management.Accounts;

/// <summary>An account, as clients see it.</summary>
internal sealed record AccountResult(string Id, string Name, string Type, DateTimeOffset CreatedOn)
{
    private const string StandardType = "standard";

    /// <summary>What is shown of an account.</summary>
    public static AccountResult Of(AccountInfo account) => new(account.Id, account.Name, StandardType, account.CreatedOn);
}

/// <summary>What an account is made with.</summary>
internal sealed record AccountRequest(string? Name);

/// <summary>A role, as clients see it.</summary>
internal sealed record RoleResult(string Id, string Name, string Description, IReadOnlyDictionary<string, RolePermissionResult> Permissions)
{
    /// <summary>What is shown of a role.</summary>
    public static RoleResult Of(Role role) => new(
        role.Id,
        role.Name,
        role.Description,
        role.Permissions.ToDictionary(static one => one.Key, static one => new RolePermissionResult(one.Value.Read, one.Value.Write)));
}

/// <summary>What a role allows of a product.</summary>
internal sealed record RolePermissionResult(bool Read, bool Write);
