using System.Security.Cryptography;
using System.Text;
using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Roles;

/// <summary>
/// All roles. Ids and names are those of the public API; a role that it does not have gets an id from its name
/// (<see cref="DeriveId"/>).
/// </summary>
public static class RoleTable
{
    private static readonly Product[] WorkersPlatform = [Product.WorkersScripts, Product.WorkersKvStorage, Product.Queues, Product.D1];

    private static readonly PermissionGroup[] OfAccounts = [.. PermissionGroups.OfScope(PermissionGroups.AccountScope)];

    private static readonly Role[] Table =
    [
        new("33666b9c79b9a5273fc7344ff42f953d", "Super Administrator - All Privileges", "Can do everything in the account, its members and tokens included.", OfAccounts),
        new("05784afa30c1afe1440e79d9351c7430", "Administrator", "Can do everything in the account, but not manage its members, settings and tokens.", OfAccounts.Where(IsForAdministrators)),
        new("f2b20eaa1a5d4af42b53ac16238c99c7", "Administrator Read Only", "Can see everything in the account, and change nothing.", OfAccounts.Where(IsRead)),
        new("9dfa4d1b73034f70ad896bf1c26d78f3", "Audit Logs Viewer", "Can see the account's audit logs.", Of([Product.AuditLogs], AccessLevel.Read)),
        new("57280df9f1a5806e04f065b07bbdd17a", "Workers Platform Admin", "Can create, see, change and delete Workers, objects, KV namespaces, queues and D1 databases.", Of(WorkersPlatform, AccessLevel.Write)),
        new("e58cefd75d7adae0b761796c28815e5c", "Workers Platform (Read-only)", "Can see Workers, objects, KV namespaces, queues and D1 databases.", Of(WorkersPlatform, AccessLevel.Read)),

        // The public API has no roles for one of these products alone, so the ids are ours.
        .. ForOne("Workers KV", "KV namespaces", Product.WorkersKvStorage),
        .. ForOne("Queues", "queues", Product.Queues),
        .. ForOne("D1", "D1 databases", Product.D1),
    ];

    /// <summary>All of them, the strongest first.</summary>
    public static IReadOnlyList<Role> All => Table;

    /// <summary>The role with an id; null if there is none.</summary>
    public static Role? Find(string? id) => Array.Find(Table, one => one.Id == id);

    /// <summary>The role of an account's first member, who can do everything there.</summary>
    public static Role SuperAdministrator => Table[0];

    /// <summary>The id of a role that the public API does not have: the first 32 hexadecimal digits of a SHA-256 of its name.</summary>
    internal static string DeriveId(string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("skerry role: " + name)).AsSpan(0, 16));

    private static bool IsRead(PermissionGroup group) => group.Permission.Access == AccessLevel.Read;

    // Whoever changes members or makes tokens can make himself stronger, so these stay with super administrators.
    private static bool IsForAdministrators(PermissionGroup group) =>
        IsRead(group) || group.Permission.Product is not (Product.AccountSettings or Product.AccountApiTokens or Product.AdditionalTokens);

    private static IEnumerable<PermissionGroup> Of(Product[] products, AccessLevel access) =>
        OfAccounts.Where(one => products.Contains(one.Permission.Product) && one.Permission.Access == access);

    private static IEnumerable<Role> ForOne(string name, string things, Product product) =>
    [
        new(DeriveId($"{name} Admin"), $"{name} Admin", $"Can create, see, change and delete {things}.", Of([product], AccessLevel.Write)),
        new(DeriveId($"{name} Read Only"), $"{name} Read Only", $"Can see {things}.", Of([product], AccessLevel.Read)),
    ];
}
