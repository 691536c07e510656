using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tests.Policies;

public sealed class CompiledPoliciesTests
{
    private static readonly string Account = ResourceName.Account(PolicyGen.Ids[0]).ToString();
    private static readonly string Queue = ResourceName.Queue(PolicyGen.Ids[0], PolicyGen.Ids[1]).ToString();
    private static readonly string User = ResourceName.User(PolicyGen.Ids[0]).ToString();

    [Fact]
    public void Everything_wrong_is_told_at_once()
    {
        var errors = Refused(
            Of(["nonsense", Id("D1 Read")], (Account, "*")),
            Of([], (Account, "*")) with { Id = "q" },
            Of([Id("D1 Read")]) with { Id = "r" },
            Of([Id("D1 Read")], (Account, "read"), ("com.cloudflare.api.account.zone.*", "*")) with { Id = "s" },
            Of([Id("D1 Read")], (Account, "*")) with { Id = "t", Effect = (PolicyEffect)2 },
            Of([Id("D1 Read")], (Account, "*")) with { Id = "t" },
            Of([Id("D1 Read")], (Account, "*")) with { Id = "line\nbreak" },
            Of([Id("D1 Read")], (Account, "*")) with { Id = null! },
            Of([Id("D1 Read")], (Account, "*")) with { Id = "u", Resources = null! },
            null!);
        Assert.Equal(
            [
                "policies[0].permission_groups[0].id", "policies[1].permission_groups", "policies[2].resources",
                "policies[3].resources", "policies[3].resources", "policies[4].effect", "policies[5].id", "policies[6].id",
                "policies[7]", "policies[8]", "policies[9]",
            ],
            errors.Select(one => one.Field));
        Assert.Equal(
            "policies[0].permission_groups[0].id: 'nonsense' is no permission group; accepted: the ids that the list of permission groups has.",
            errors[0].ToString());
    }

    [Theory]
    [InlineData("D1 Read", false, true, false)]
    [InlineData("Queues Write", true, true, false)]
    [InlineData("API Tokens Read", false, false, true)]
    [InlineData("Create Additional Tokens", false, true, true)]
    public void A_group_applies_to_its_scope_and_to_things_it_is_about(string group, bool queue, bool account, bool user)
    {
        foreach (var (resource, applies) in new[] { (Queue, queue), (Account, account), (ResourceName.AllAccounts.ToString(), account), (User, user) })
        {
            var isCompiled = CompiledPolicies.TryCompile([Of([Id(group)], (resource, "*"))], out _, out var errors);
            Assert.Equal(applies, isCompiled);
            Assert.Equal(applies ? 0 : 1, errors.Count);
            Assert.All(errors, one => Assert.Contains($"'{group}' does not apply to {resource}", one.Problem, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Policies_resources_and_errors_are_bounded()
    {
        var policy = Of([Id("Queues Read")], (Account, "*"));
        var many = Enumerable.Range(0, CompiledPolicies.PoliciesMax + 1).Select(i => policy with { Id = $"p{i}" }).ToArray();
        PolicyGen.Compile(many[1..]);
        Assert.Equal("policies", Assert.Single(Refused(many)).Field);

        var queues = Enumerable.Range(0, CompiledPolicies.ResourcesMax).Select(i => (ResourceName.Queue(PolicyGen.Ids[0], $"{i:x32}").ToString(), "*")).ToArray();
        PolicyGen.Compile(Of([Id("Queues Read")], queues));
        Assert.Equal("policies", Assert.Single(Refused(Of([Id("Queues Read")], queues), policy)).Field);

        Assert.Equal("policies[0].permission_groups", Assert.Single(Refused(Of([.. Enumerable.Repeat("nonsense", 1000)], (Account, "*")))).Field);
        Assert.Equal(20, Refused([.. many[1..].Select(static one => one with { PermissionGroups = ["nonsense"] })]).Count);
    }

    private static string Id(string name) => PermissionGroups.FindByName(name)!.Id;

    private static Policy Of(string[] groups, params (string Name, string Value)[] resources) =>
        new("p", PolicyEffect.Allow, groups, resources.ToDictionary(one => one.Name, one => one.Value));

    private static IReadOnlyList<PolicyError> Refused(params Policy[] policies)
    {
        Assert.False(CompiledPolicies.TryCompile(policies, out var compiled, out var errors));
        Assert.Null(compiled);
        return errors;
    }
}
