namespace Skerry.Accounts.Permissions;

/// <summary>A set of permissions as bits: bit <c>2 × product</c> is its Read, the next its Write.</summary>
internal readonly record struct PermissionSet
{
    private readonly ulong _bits;

    private PermissionSet(ulong bits) => _bits = bits;

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _bits == 0;

    /// <summary>The set of one.</summary>
    public static PermissionSet Of(Permission permission) =>
        new(1UL << ((2 * (int)permission.Product) + (int)permission.Access));

    /// <summary>Whether a permission is in it.</summary>
    public bool Contains(Permission permission) => !(this & Of(permission)).IsEmpty;

    /// <summary>Whether all of it is in another.</summary>
    public bool IsSubsetOf(PermissionSet other) => (this - other).IsEmpty;

    /// <summary>What is in either.</summary>
    public static PermissionSet operator |(PermissionSet left, PermissionSet right) => new(left._bits | right._bits);

    /// <summary>What is in both.</summary>
    public static PermissionSet operator &(PermissionSet left, PermissionSet right) => new(left._bits & right._bits);

    /// <summary>What is in the first only.</summary>
    public static PermissionSet operator -(PermissionSet left, PermissionSet right) => new(left._bits & ~right._bits);
}
