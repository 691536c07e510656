using System.Net;
using CsCheck;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;

namespace Skerry.Accounts.Tests.Policies;

public sealed class IsWithinTests
{
    private static readonly string Account = PolicyGen.Ids[0];
    private static readonly string OtherAccount = PolicyGen.Ids[1];

    private static readonly Gen<(Permission Permission, ResourceName Resource, IPAddress? Caller, DateTimeOffset Now)[]> Requests =
        Gen.Select(PolicyGen.Permission, PolicyGen.Resource, PolicyGen.Caller, PolicyGen.Now).Array[60];

    [Fact]
    public void What_is_within_allows_nothing_that_the_holder_is_refused()
    {
        var (within, allowed) = (0, 0);
        // Half of the grants are cut from the holder's own policies, or few would be within.
        var grants = Gen.Select(PolicyGen.Policies, PolicyGen.Policies, Gen.Bool, Gen.Bool);
        Gen.Select(grants, PolicyGen.Conditions, PolicyGen.Conditions, Requests).Sample(
            (policies, holderConditions, ownConditions, requests) =>
            {
                var (holderPolicies, others, isCut, isSame) = policies;
                var holder = PolicyGen.Compile(holderPolicies);
                var grant = PolicyGen.Compile(isCut ? [.. holderPolicies.Skip(1), .. others.Where(one => one.Effect == PolicyEffect.Deny)] : others);
                var grantConditions = isSame ? holderConditions : ownConditions;
                if (!PolicyEvaluator.IsWithin(grant, grantConditions, holder, holderConditions))
                {
                    return;
                }

                Interlocked.Increment(ref within);
                foreach (var (permission, resource, caller, now) in requests)
                {
                    if (PolicyEvaluator.Evaluate(grant, grantConditions, permission, resource, caller, now).IsAllowed)
                    {
                        Interlocked.Increment(ref allowed);
                        var decision = PolicyEvaluator.Evaluate(holder, holderConditions, permission, resource, caller, now);
                        Assert.True(decision.IsAllowed, decision.ToString());
                    }
                }
            },
            iter: 30_000);
        Assert.True(within > 3000 && allowed > 3000, $"{within} grants were within and allowed {allowed} requests: too few to show anything");
    }

    [Fact]
    public void Everything_is_within_itself() =>
        Gen.Select(PolicyGen.Policies, PolicyGen.Conditions).Sample((policies, conditions) =>
        {
            var compiled = PolicyGen.Compile(policies);
            Assert.True(PolicyEvaluator.IsWithin(compiled, conditions, compiled, conditions));
            Assert.True(PolicyEvaluator.IsWithin(CompiledPolicies.None, conditions, compiled, conditions));
        });

    [Fact]
    public void A_narrower_grant_is_within_and_a_wider_one_is_not()
    {
        var queues = Allow("Queues Write", ResourceName.Account(Account));
        AssertWithin([Allow("Queues Read", ResourceName.Account(Account))], [queues]);
        AssertWithin([Allow("Queues Write", ResourceName.Queue(Account, OtherAccount))], [queues]);
        AssertWithin([queues], [Allow("Queues Write", ResourceName.AllAccounts)]);
        AssertWithin([queues], [RoleTable.SuperAdministrator.ToPolicy(Account)]);

        AssertNotWithin([queues], [Allow("Queues Read", ResourceName.Account(Account))]);
        AssertNotWithin([queues], [Allow("Queues Write", ResourceName.Queue(Account, OtherAccount))]);
        AssertNotWithin([queues], [Allow("Queues Write", ResourceName.Account(OtherAccount))]);
        AssertNotWithin([Allow("D1 Read", ResourceName.Account(Account))], [queues]);
        AssertNotWithin([Allow("API Tokens Read", ResourceName.User(Account))], [Allow("Create Additional Tokens", ResourceName.User(Account))]);
        AssertNotWithin([queues], []);
    }

    [Fact]
    public void What_the_holder_is_denied_the_grant_must_deny()
    {
        var all = Allow("Queues Write", ResourceName.Account(Account));
        var one = Deny("Queues Write", ResourceName.Queue(Account, OtherAccount));
        AssertNotWithin([all], [all, one]);
        AssertWithin([all, one], [all, one]);
        AssertWithin([all, Deny("Queues Read", ResourceName.Queue(Account, OtherAccount))], [all, one]);
        AssertNotWithin([all, one], [all, Deny("Queues Read", ResourceName.Queue(Account, OtherAccount))]);
        AssertWithin([Allow("Queues Write", ResourceName.Queue(Account, Account))], [all, one]);
        AssertNotWithin([Allow("Queues Write", ResourceName.Queue(Account, OtherAccount))], [all, one]);
        AssertWithin([Allow("Queues Read", ResourceName.Account(Account))], [all, one]);
        AssertWithin([all, Deny("Queues Read", ResourceName.AllAccounts)], []);
    }

    [Fact]
    public void Conditions_must_be_at_least_as_strict()
    {
        var day = PolicyGen.Start;
        AssertStricter(Conditions(expiresOn: day), Conditions(expiresOn: day.AddTicks(1)));
        AssertStricter(Conditions(notBefore: day.AddTicks(1)), Conditions(notBefore: day));
        AssertStricter(Conditions(expiresOn: day), TokenConditions.None);
        AssertStricter(Conditions(@in: ["10.1.0.0/16"]), Conditions(@in: ["10.0.0.0/8", "192.0.2.1"]));
        AssertStricter(Conditions(@in: ["10.0.0.0/16"]), Conditions(@in: ["10.0.0.0/8"]));
        AssertStricter(Conditions(@in: ["::ffff:10.1.0.0/112"]), Conditions(@in: ["10.0.0.0/8"]));
        AssertStricter(Conditions(notIn: ["10.0.0.0/8"]), Conditions(notIn: ["10.1.0.0/16"]));
        AssertStricter(Conditions(@in: ["192.0.2.0/24"]), Conditions(notIn: ["10.0.0.0/8"]));
        AssertStricter(Conditions(@in: ["10.0.0.0/8"]), Conditions(notIn: ["::/0"]));
    }

    private static void AssertStricter(TokenConditions strict, TokenConditions loose)
    {
        var policies = PolicyGen.Compile(Allow("Queues Read", ResourceName.AllAccounts));
        Assert.True(PolicyEvaluator.IsWithin(policies, strict, policies, loose));
        Assert.False(PolicyEvaluator.IsWithin(policies, loose, policies, strict));
    }

    private static void AssertWithin(Policy[] grant, Policy[] holder) => Assert.True(IsWithin(grant, holder));

    private static void AssertNotWithin(Policy[] grant, Policy[] holder) => Assert.False(IsWithin(grant, holder));

    private static bool IsWithin(Policy[] grant, Policy[] holder) => PolicyEvaluator.IsWithin(
        PolicyGen.Compile(grant), TokenConditions.None, PolicyGen.Compile(holder), TokenConditions.None);

    private static TokenConditions Conditions(
        string[]? @in = null, string[]? notIn = null, DateTimeOffset? notBefore = null, DateTimeOffset? expiresOn = null)
    {
        Assert.True(TokenConditions.TryCreate(@in, notIn, notBefore, expiresOn, out var conditions, out _));
        return conditions;
    }

    private static Policy Allow(string group, ResourceName resource) => Of(PolicyEffect.Allow, group, resource);

    private static Policy Deny(string group, ResourceName resource) => Of(PolicyEffect.Deny, group, resource);

    private static Policy Of(PolicyEffect effect, string group, ResourceName resource) => new(
        $"{effect} {group}", effect, [PermissionGroups.FindByName(group)!.Id], new Dictionary<string, string> { [resource.ToString()] = "*" });
}
