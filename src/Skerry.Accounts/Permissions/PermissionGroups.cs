using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace Skerry.Accounts.Permissions;

/// <summary>
/// All permission groups. Ids and names are those of the public API, so that clients and scripts that carry them go on
/// working; a group that the public API does not have gets an id from its name (<see cref="DeriveId"/>).
/// </summary>
public static class PermissionGroups
{
    /// <summary>The scope of what belongs to an account.</summary>
    public const string AccountScope = "com.cloudflare.api.account";

    /// <summary>The scope of what belongs to a user.</summary>
    public const string UserScope = "com.cloudflare.api.user";

    private static readonly string[] OfAccount = [AccountScope];
    private static readonly string[] OfUser = [UserScope];

    private static readonly PermissionGroup[] Table =
    [
        // The public API serves audit logs to whoever reads an account's settings; the group that names them is narrower.
        Read("c1fde68c7bcc44588cbb6ddbc16d6480", "Account Settings Read", OfAccount, Product.AccountSettings, new Permission(Product.AuditLogs, AccessLevel.Read)),
        Write("1af1fa2adc104452b74a9a3364202f20", "Account Settings Write", OfAccount, Product.AccountSettings, new Permission(Product.AuditLogs, AccessLevel.Read)),
        Read("eb56a6953c034b9d97dd838155666f06", "Account API Tokens Read", OfAccount, Product.AccountApiTokens),
        Write("5bc3f8b21c554832afc660159ab75fa4", "Account API Tokens Write", OfAccount, Product.AccountApiTokens),
        Read("b05b28e839c54467a7d6cba5d3abb5a3", "Access: Audit Logs Read", OfAccount, Product.AuditLogs),
        Read("1a71c399035b4950a1bd1466bbe4f420", "Workers Scripts Read", OfAccount, Product.WorkersScripts),
        Write("e086da7e2179491d91ee5f35b3ca210a", "Workers Scripts Write", OfAccount, Product.WorkersScripts),
        Read("8b47d2786a534c08a1f94ee8f9f599ef", "Workers KV Storage Read", OfAccount, Product.WorkersKvStorage),
        Write("f7f0eda5697f475c90846e879bab8666", "Workers KV Storage Write", OfAccount, Product.WorkersKvStorage),
        Read("84a7755d54c646ca87cd50682a34bf7c", "Queues Read", OfAccount, Product.Queues),
        Write("366f57075ffc42689627bcf8242a1b6d", "Queues Write", OfAccount, Product.Queues),
        Read("192192df92ee43ac90f2aeeffce67e35", "D1 Read", OfAccount, Product.D1),
        Write("09b2857d1c31407795e75e3fed8617a1", "D1 Write", OfAccount, Product.D1),
        Read("8acbe5bb0d54464ab867149d7f7cf8ac", "User Details Read", OfUser, Product.UserDetails),
        Write("55a5e17cc99e4a3fa1f3432d262f2e55", "User Details Write", OfUser, Product.UserDetails),
        Read("3518d0f75557482e952c6762d3e64903", "Memberships Read", OfUser, Product.Memberships),
        Write("9201bc6f42d440968aaab0c6f17ebb1d", "Memberships Write", OfUser, Product.Memberships),
        Read("0cc3a61731504c89b99ec1be78b77aa0", "API Tokens Read", OfUser, Product.ApiTokens),
        Write("686d18d5ac6c441c867cbf6771e58a0a", "API Tokens Write", OfUser, Product.ApiTokens),

        // What the public API has no group for, under ids of ours.
        Read(DeriveId("Nodes Read"), "Nodes Read", OfAccount, Product.Nodes),

        // In the public API this is the name of a template for tokens and not a group, so its id is ours.
        new(
            DeriveId("Create Additional Tokens"),
            "Create Additional Tokens",
            [AccountScope, UserScope],
            new(Product.AdditionalTokens, AccessLevel.Write)),
    ];

    private static readonly FrozenDictionary<string, PermissionGroup> ById = Table.ToFrozenDictionary(one => one.Id);
    private static readonly FrozenDictionary<string, PermissionGroup> ByName = Table.ToFrozenDictionary(one => one.Name);

    /// <summary>All of them, those of accounts first, in an order that stays.</summary>
    public static IReadOnlyList<PermissionGroup> All => Table;

    /// <summary>The group with an id; null if there is none.</summary>
    public static PermissionGroup? Find(string? id) => id is null ? null : ById.GetValueOrDefault(id);

    /// <summary>The group with a name, written exactly so; null if there is none.</summary>
    public static PermissionGroup? FindByName(string? name) => name is null ? null : ByName.GetValueOrDefault(name);

    /// <summary>The group that is named after a permission; null if there is none.</summary>
    public static PermissionGroup? FindFor(Permission permission) => Array.Find(Table, one => one.Permission == permission);

    /// <summary>The groups that apply to a scope, in the order of <see cref="All"/>.</summary>
    public static IEnumerable<PermissionGroup> OfScope(string scope) => Table.Where(one => one.Scopes.Contains(scope));

    /// <summary>The id of a group that the public API does not have: the first 32 hexadecimal digits of a SHA-256 of its name.</summary>
    internal static string DeriveId(string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("skerry permission group: " + name)).AsSpan(0, 16));

    private static PermissionGroup Read(string id, string name, string[] scopes, Product product, params IReadOnlyList<Permission> implied) =>
        new(id, name, scopes, new(product, AccessLevel.Read), implied);

    private static PermissionGroup Write(string id, string name, string[] scopes, Product product, params IReadOnlyList<Permission> implied) =>
        new(id, name, scopes, new(product, AccessLevel.Write), [new(product, AccessLevel.Read), .. implied]);
}
