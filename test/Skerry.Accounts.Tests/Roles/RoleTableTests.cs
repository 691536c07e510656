using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tests.Policies;

namespace Skerry.Accounts.Tests.Roles;

public sealed class RoleTableTests
{
    private static readonly string Account = PolicyGen.Ids[0];

    public static TheoryData<string> Names => [.. RoleTable.All.Select(one => one.Name)];

    [Fact]
    public void Ids_and_names_are_unique_and_found()
    {
        Assert.Equal(12, RoleTable.All.Count);
        Assert.All(RoleTable.All, one =>
        {
            Assert.Matches("^[0-9a-f]{32}$", one.Id);
            Assert.Same(one, Assert.Single(RoleTable.All, other => other.Id == one.Id));
            Assert.Same(one, Assert.Single(RoleTable.All, other => other.Name == one.Name));
            Assert.Same(one, RoleTable.Find(one.Id));
        });
        Assert.Null(RoleTable.Find(null));
        Assert.Equal("33666b9c79b9a5273fc7344ff42f953d", RoleTable.SuperAdministrator.Id);
        Assert.Equal("62c66aa8fb013aa7fb6d1a0b09344057", Named("Queues Admin").Id);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_policy_means_what_the_permissions_show(string name)
    {
        var role = Named(name);
        var policies = PolicyGen.Compile(role.ToPolicy(Account));
        (string Word, Product Product)[] shown =
        [
            ("api_tokens", Product.AccountApiTokens), ("auditlogs", Product.AuditLogs), ("d1", Product.D1), ("nodes", Product.Nodes), ("organization", Product.AccountSettings),
            ("queues", Product.Queues), ("worker", Product.WorkersScripts), ("workers_kv", Product.WorkersKvStorage),
        ];
        Assert.Equal(shown.Select(one => one.Word), role.Permissions.Keys);
        Assert.All(shown, one => Assert.Equal(
            new RolePermission(May(policies, one.Product, AccessLevel.Read), May(policies, one.Product, AccessLevel.Write)),
            role.Permissions[one.Word]));
    }

    [Fact]
    public void Only_super_administrators_can_make_themselves_or_others_stronger()
    {
        foreach (var role in RoleTable.All)
        {
            var policies = PolicyGen.Compile(role.ToPolicy(Account));
            var isSuper = role == RoleTable.SuperAdministrator;
            Assert.Equal(isSuper, May(policies, Product.AccountSettings, AccessLevel.Write));
            Assert.Equal(isSuper, May(policies, Product.AccountApiTokens, AccessLevel.Write));
            Assert.Equal(isSuper, May(policies, Product.AdditionalTokens, AccessLevel.Write));
            Assert.True(Within(role, RoleTable.SuperAdministrator));
            Assert.Equal(isSuper, Within(RoleTable.SuperAdministrator, role));
        }
    }

    [Fact]
    public void Roles_are_within_those_that_name_more()
    {
        Assert.True(Within(Named("Workers Platform Admin"), Named("Administrator")));
        Assert.True(Within(Named("Administrator Read Only"), Named("Administrator")));
        Assert.True(Within(Named("Workers Platform (Read-only)"), Named("Administrator Read Only")));
        Assert.True(Within(Named("Queues Admin"), Named("Workers Platform Admin")));
        Assert.True(Within(Named("D1 Read Only"), Named("D1 Admin")));
        Assert.False(Within(Named("D1 Admin"), Named("Administrator Read Only")));
        Assert.False(Within(Named("Workers KV Read Only"), Named("Queues Admin")));
    }

    private static Role Named(string name) => Assert.Single(RoleTable.All, one => one.Name == name);

    private static bool Within(Role role, Role other) => PolicyEvaluator.IsWithin(
        PolicyGen.Compile(role.ToPolicy(Account)), TokenConditions.None, PolicyGen.Compile(other.ToPolicy(Account)), TokenConditions.None);

    private static bool May(CompiledPolicies policies, Product product, AccessLevel access) => PolicyEvaluator.Evaluate(
        policies, TokenConditions.None, new(product, access), ResourceName.Account(Account), null, PolicyGen.Start).IsAllowed;

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcdef.queue.0123456789abcdef0123456789abcdef")]
    public void A_role_is_of_one_account(string id) => Assert.Throws<ArgumentException>(() => RoleTable.SuperAdministrator.ToPolicy(id));
}
