using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Roles;

/// <summary>A named bundle of permission groups for members of an account. Immutable.</summary>
public sealed class Role
{
    // The words that the public API has for products in a role; those it does not have are ours.
    private static readonly (string Word, Product Product)[] Words =
    [
        ("api_tokens", Product.AccountApiTokens),
        ("auditlogs", Product.AuditLogs),
        ("d1", Product.D1),
        ("nodes", Product.Nodes),
        ("organization", Product.AccountSettings),
        ("queues", Product.Queues),
        ("worker", Product.WorkersScripts),
        ("workers_kv", Product.WorkersKvStorage),
    ];

    internal Role(string id, string name, string description, IEnumerable<PermissionGroup> groups)
    {
        Id = id;
        Name = name;
        Description = description;
        PermissionGroups = [.. groups];
        var all = PermissionGroups.Aggregate(default(PermissionSet), (sum, one) => sum | one.Allowed);
        Permissions = Words.ToDictionary(
            one => one.Word,
            one => new RolePermission(all.Contains(new(one.Product, AccessLevel.Read)), all.Contains(new(one.Product, AccessLevel.Write))));
    }

    /// <summary>32 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Such as <c>Administrator Read Only</c>.</summary>
    public string Name { get; }

    /// <summary>What its members can do, in one sentence.</summary>
    public string Description { get; }

    /// <summary>What it grants on the account; each applies to accounts.</summary>
    public IReadOnlyList<PermissionGroup> PermissionGroups { get; }

    /// <summary>The same by product, every product of accounts named; as in the public API's answers.</summary>
    public IReadOnlyDictionary<string, RolePermission> Permissions { get; }

    /// <summary>What membership with this role means, as a policy with the role's id.</summary>
    /// <param name="accountId">The account.</param>
    /// <exception cref="ArgumentException">It is no account's id.</exception>
    public Policy ToPolicy(string accountId)
    {
        var resource = ResourceName.Account(accountId);
        return ResourceName.TryParse(resource.ToString(), out var read, out _) && read == resource
            ? new(Id, PolicyEffect.Allow, [.. PermissionGroups.Select(one => one.Id)], new Dictionary<string, string> { [resource.ToString()] = "*" })
            : throw new ArgumentException($"'{accountId}' is no account's id.", nameof(accountId));
    }
}
