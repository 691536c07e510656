using System.Net;
using CsCheck;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tests.Policies;

/// <summary>
/// Random policies, conditions and requests over so few accounts, things, addresses and times that they meet often.
/// </summary>
internal static class PolicyGen
{
    public static readonly string[] Ids = ["a0000000000000000000000000000000", "b0000000000000000000000000000000"];

    public static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Nested, with the same first address and another, apart, of both versions, and version 4 in the dress of version 6.
    private static readonly string[] Ranges =
        ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/16", "10.1.2.3", "192.0.2.0/24", "::/0", "2001:db8::/32", "2001:db8::/48", "::ffff:10.1.0.0/112"];

    private static readonly IPAddress[] Addresses =
        [.. new[] { "10.1.2.3", "10.1.2.4", "10.0.0.1", "10.2.0.1", "192.0.2.9", "2001:db8::1", "2001:db8:1::1", "fe80::1", "::ffff:10.1.2.3" }.Select(IPAddress.Parse)];

    private static readonly Gen<string> Id = Gen.OneOf<string>(Ids);

    private static readonly ResourceKind[] OfAccounts = [ResourceKind.AllAccounts, ResourceKind.Account];

    public static readonly Gen<ResourceName> Resource = Gen.OneOf<ResourceName>([.. Enum.GetValues<ResourceKind>()[1..].Select(Of)]);

    public static readonly Gen<Permission> Permission =
        Gen.Select(Gen.Enum<Product>(), Gen.Enum<AccessLevel>()).Select((product, access) => new Permission(product, access));

    public static readonly Gen<DateTimeOffset> Now = Gen.Int[0, 4].Select(step => Start.AddHours(step));

    public static readonly Gen<IPAddress?> Caller = Gen.Int[0, Addresses.Length].Select(i => i == Addresses.Length ? null : Addresses[i]);

    public static readonly Gen<Policy> Allow = Policy(PolicyEffect.Allow);

    public static readonly Gen<Policy> Deny = Policy(PolicyEffect.Deny);

    public static readonly Gen<Policy[]> Policies = Gen.Frequency<Policy>((3, Allow), (1, Deny)).Array[0, 5];

    public static readonly Gen<TokenConditions> Conditions =
        Gen.Select(Texts, Texts, Gen.Int[-3, 4], Gen.Int[0, 8]).Select((@in, notIn, from, length) =>
        {
            DateTimeOffset? notBefore = from < 0 ? null : Start.AddHours(from);
            DateTimeOffset? expiresOn = length > 4 ? null : Start.AddHours(Math.Max(0, from) + length + 1);
            Assert.True(TokenConditions.TryCreate(@in, notIn, notBefore, expiresOn, out var conditions, out _));
            return conditions;
        });

    private static Gen<string[]?> Texts =>
        Gen.Frequency<string[]?>((2, Gen.Const((string[]?)null)), (1, Gen.OneOf<string>(Ranges).Array[1, 3].Select(texts => (string[]?)texts)));

    public static CompiledPolicies Compile(params Policy[] policies)
    {
        Assert.True(CompiledPolicies.TryCompile(policies, out var compiled, out var errors), string.Join('\n', errors));
        return compiled;
    }

    // What a policy can combine: one of these classes of resources, and groups that apply to all of it.
    private static Gen<Policy> Policy(PolicyEffect effect) => Gen.OneOf<Policy>(
        Policy(effect, OfAccounts, one => one.Scopes.Contains(PermissionGroups.AccountScope)),
        Policy(effect, [ResourceKind.User], one => one.Scopes.Contains(PermissionGroups.UserScope)),
        Policy(effect, [ResourceKind.Queue, .. OfAccounts], one => one.Permission.Product == Product.Queues),
        Policy(effect, [ResourceKind.Namespace], one => one.Permission.Product == Product.WorkersKvStorage),
        Policy(effect, [ResourceKind.Database, ResourceKind.Account], one => one.Permission.Product == Product.D1));

    private static Gen<Policy> Policy(PolicyEffect effect, ResourceKind[] kinds, Func<PermissionGroup, bool> applies) =>
        Gen.Select(
            Gen.Guid,
            Gen.OneOf<string>([.. PermissionGroups.All.Where(applies).Select(one => one.Id)]).Array[1, 6],
            Gen.OneOf<ResourceName>([.. kinds.Select(Of)]).Array[1, 3])
        .Select((id, groups, resources) => new Policy(id.ToString(), effect, groups, resources.Distinct().ToDictionary(one => one.ToString(), _ => "*")));

    private static Gen<ResourceName> Of(ResourceKind kind) => Gen.Select(Id, Id).Select((owner, item) => kind switch
    {
        ResourceKind.AllAccounts => ResourceName.AllAccounts,
        ResourceKind.Account => ResourceName.Account(owner),
        ResourceKind.User => ResourceName.User(owner),
        ResourceKind.Queue => ResourceName.Queue(owner, item),
        ResourceKind.Namespace => ResourceName.Namespace(owner, item),
        _ => ResourceName.Database(owner, item),
    });
}
