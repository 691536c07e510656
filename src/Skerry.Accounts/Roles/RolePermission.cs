namespace Skerry.Accounts.Roles;

/// <summary>What a role lets its members do with one product, as the public API shows it.</summary>
/// <param name="Read">Look.</param>
/// <param name="Write">Change.</param>
public readonly record struct RolePermission(bool Read, bool Write);
