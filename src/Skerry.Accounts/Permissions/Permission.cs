namespace Skerry.Accounts.Permissions;

/// <summary>What a route asks for: one kind of access to one product.</summary>
/// <param name="Product">The product.</param>
/// <param name="Access">Look or change.</param>
public readonly record struct Permission(Product Product, AccessLevel Access)
{
    /// <summary>The name of the permission group that grants exactly this, such as <c>D1 Write</c>.</summary>
    public override string ToString() => PermissionGroups.FindFor(this)?.Name ?? $"{Product} {Access}";
}
