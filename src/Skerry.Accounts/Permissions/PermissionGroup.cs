namespace Skerry.Accounts.Permissions;

/// <summary>What a policy names: a permission under the id and name that clients know. Immutable.</summary>
public sealed class PermissionGroup
{
    internal PermissionGroup(string id, string name, IReadOnlyList<string> scopes, Permission permission, params IReadOnlyList<Permission> implied)
    {
        Id = id;
        Name = name;
        Scopes = scopes;
        Permission = permission;
        Implied = implied;
        Allowed = implied.Aggregate(PermissionSet.Of(permission), (all, one) => all | PermissionSet.Of(one));
        Denied = PermissionSet.Of(permission) | PermissionSet.Of(permission with { Access = AccessLevel.Write });
    }

    /// <summary>32 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Such as <c>Workers KV Storage Write</c>.</summary>
    public string Name { get; }

    /// <summary>To what it applies: <see cref="PermissionGroups.AccountScope"/>, <see cref="PermissionGroups.UserScope"/> or both.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>The permission that gives the group its name.</summary>
    public Permission Permission { get; }

    /// <summary>What comes with it in a policy that allows: a Write has its Read here.</summary>
    public IReadOnlyList<Permission> Implied { get; }

    /// <summary>What a policy that allows this group allows: the permission and what it implies.</summary>
    internal PermissionSet Allowed { get; }

    /// <summary>
    /// What a policy that denies this group denies: the permission, and with a Read its Write, since nobody who may not
    /// look should change. To deny a Write leaves its Read.
    /// </summary>
    internal PermissionSet Denied { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
