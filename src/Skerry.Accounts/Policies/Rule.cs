using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Policies;

/// <summary>What one policy says of one resource and everything below it.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Permissions">What it allows or denies.</param>
/// <param name="PolicyId">The policy.</param>
internal readonly record struct Rule(ResourceName Resource, PermissionSet Permissions, string PolicyId);
