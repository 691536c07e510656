using Skerry.Accounts.Roles;

namespace Skerry.Server.Management.Accounts;

/// <summary>An account, as clients see it.</summary>
internal sealed record AccountResult(string Id, string Name, string Type, DateTimeOffset CreatedOn);

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
