using System.Net;
using CsCheck;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tests.Policies;

public sealed class PolicyEvaluatorTests
{
    private static readonly string Account = PolicyGen.Ids[0];
    private static readonly string OtherAccount = PolicyGen.Ids[1];
    private static readonly string QueueId = PolicyGen.Ids[1];
    private static readonly Permission ReadQueues = new(Product.Queues, AccessLevel.Read);
    private static readonly Permission WriteQueues = new(Product.Queues, AccessLevel.Write);

    [Fact]
    public void Agrees_with_the_naive_one() =>
        Gen.Select(PolicyGen.Policies, PolicyGen.Conditions, PolicyGen.Permission, PolicyGen.Resource, PolicyGen.Caller, PolicyGen.Now).Sample(
            (policies, conditions, permission, resource, caller, now) =>
            {
                var decision = PolicyEvaluator.Evaluate(PolicyGen.Compile(policies), conditions, permission, resource, caller, now);
                Assert.Equal(
                    NaiveEvaluator.IsAllowed(policies, conditions, permission, resource.ToString(), caller, now),
                    decision.IsAllowed);
            },
            iter: 20_000);

    [Fact]
    public void A_policy_named_in_a_decision_is_one_that_decides_it_alone() =>
        Gen.Select(PolicyGen.Policies, PolicyGen.Permission, PolicyGen.Resource).Sample((policies, permission, resource) =>
        {
            var decision = Ask(policies, permission, resource);
            if (decision.PolicyId is null)
            {
                Assert.Equal(DecisionOutcome.NotAllowed, decision.Outcome);
                return;
            }

            var named = Assert.Single(policies, one => one.Id == decision.PolicyId);
            Assert.Equal(named.Effect == PolicyEffect.Allow ? DecisionOutcome.Allowed : DecisionOutcome.Denied, decision.Outcome);
            Assert.Equal(decision.Outcome, Ask([named], permission, resource).Outcome);
        });

    [Fact]
    public void Deny_beats_allow_in_any_order() =>
        Gen.Select(PolicyGen.Policies, PolicyGen.Deny, PolicyGen.Permission, PolicyGen.Resource, Gen.Int[0, 5]).Sample((policies, deny, permission, resource, at) =>
        {
            if (Ask([deny], permission, resource).Outcome == DecisionOutcome.Denied)
            {
                var all = policies.ToList();
                all.Insert(Math.Min(at, all.Count), deny);
                Assert.Equal(DecisionOutcome.Denied, Ask([.. all], permission, resource).Outcome);
            }
        });

    [Fact]
    public void A_deny_more_never_allows_more() =>
        Gen.Select(PolicyGen.Policies, PolicyGen.Deny, PolicyGen.Permission, PolicyGen.Resource).Sample((policies, deny, permission, resource) =>
            Assert.True(Ask(policies, permission, resource).IsAllowed || !Ask([.. policies, deny], permission, resource).IsAllowed));

    [Fact]
    public void An_allow_more_never_refuses_more() =>
        Gen.Select(PolicyGen.Policies, PolicyGen.Allow, PolicyGen.Permission, PolicyGen.Resource).Sample((policies, allow, permission, resource) =>
            Assert.True(!Ask(policies, permission, resource).IsAllowed || Ask([.. policies, allow], permission, resource).IsAllowed));

    [Fact]
    public void Whoever_may_write_may_read_and_who_is_denied_reading_may_not_write()
    {
        var account = ResourceName.Account(Account);
        Assert.True(Ask([Allow("Queues Write", account)], ReadQueues, account).IsAllowed);
        Assert.False(Ask([Allow("Queues Read", account)], WriteQueues, account).IsAllowed);
        Assert.Equal(DecisionOutcome.Denied, Ask([Allow("Queues Write", account), Deny("Queues Read", account)], WriteQueues, account).Outcome);
        Assert.True(Ask([Allow("Queues Write", account), Deny("Queues Write", account)], ReadQueues, account).IsAllowed);
    }

    [Fact]
    public void A_policy_on_an_account_covers_what_is_in_it_and_one_on_a_thing_only_that()
    {
        var queue = ResourceName.Queue(Account, QueueId);
        Assert.True(Ask([Allow("Queues Read", ResourceName.Account(Account))], ReadQueues, queue).IsAllowed);
        Assert.True(Ask([Allow("Queues Read", ResourceName.AllAccounts)], ReadQueues, queue).IsAllowed);
        Assert.False(Ask([Allow("Queues Read", ResourceName.Account(OtherAccount))], ReadQueues, queue).IsAllowed);

        var one = Allow("Queues Read", queue);
        Assert.True(Ask([one], ReadQueues, queue).IsAllowed);
        Assert.False(Ask([one], ReadQueues, ResourceName.Queue(Account, Account)).IsAllowed);
        Assert.False(Ask([one], ReadQueues, ResourceName.Queue(OtherAccount, QueueId)).IsAllowed);
        Assert.False(Ask([one], ReadQueues, ResourceName.Account(Account)).IsAllowed);
        Assert.False(Ask([one], ReadQueues, ResourceName.Namespace(Account, QueueId)).IsAllowed);
        Assert.False(Ask([one], ReadQueues, default).IsAllowed);
    }

    [Fact]
    public void Nothing_is_allowed_without_policies()
    {
        Assert.Equal(DecisionOutcome.NotAllowed, Ask([], ReadQueues, ResourceName.Account(Account)).Outcome);
        Assert.False(default(Decision).IsAllowed);
    }

    [Fact]
    public void A_decision_explains_itself()
    {
        var account = ResourceName.Account(Account);
        Assert.Equal($"No policy allows Queues Write on com.cloudflare.api.account.{Account}.", Ask([], WriteQueues, account).ToString());
        var allow = Allow("Queues Write", account);
        Assert.Equal($"Policy '{allow.Id}' allows Queues Write on com.cloudflare.api.account.{Account}.", Ask([allow], WriteQueues, account).ToString());
        var deny = Deny("Queues Write", account);
        Assert.Equal($"Policy '{deny.Id}' denies Queues Write on com.cloudflare.api.account.{Account}.", Ask([allow, deny], WriteQueues, account).ToString());
    }

    [Fact]
    public void A_condition_that_fails_comes_first_and_explains_itself()
    {
        var account = ResourceName.Account(Account);
        var policies = PolicyGen.Compile(Allow("Queues Write", account));
        Assert.True(TokenConditions.TryCreate(["10.0.0.0/8"], ["10.1.0.0/16"], PolicyGen.Start, PolicyGen.Start.AddDays(1), out var conditions, out _));

        AssertSays(DecisionOutcome.NotYetValid, "The token may not be used before 2030-01-01 00:00:00Z.", null, -1);
        AssertSays(DecisionOutcome.Expired, "The token expired on 2030-01-02 00:00:00Z.", null, 24);
        AssertSays(DecisionOutcome.AddressNotListed, "The token may be used from some addresses only, and the caller's is unknown.", null, 0);
        AssertSays(DecisionOutcome.AddressNotListed, "The token may not be used from 192.0.2.1, which is not in condition.request_ip.in.", "192.0.2.1", 0);
        AssertSays(DecisionOutcome.AddressExcluded, "The token may not be used from 10.1.0.1, which is in condition.request_ip.not_in.", "10.1.0.1", 0);

        void AssertSays(DecisionOutcome outcome, string sentence, string? caller, int hours)
        {
            var address = caller is null ? null : IPAddress.Parse(caller);
            var decision = PolicyEvaluator.Evaluate(policies, conditions, WriteQueues, account, address, PolicyGen.Start.AddHours(hours));
            Assert.Equal((outcome, sentence, null), (decision.Outcome, decision.ToString(), decision.PolicyId));
        }
    }

    [Fact]
    public void Allowing_allocates_nothing()
    {
        var policies = PolicyGen.Compile(
            Allow("Queues Write", ResourceName.Account(Account)), Deny("Queues Write", ResourceName.Queue(Account, Account)), Allow("D1 Read", ResourceName.AllAccounts));
        Assert.True(TokenConditions.TryCreate(
            ["10.0.0.0/8", "2001:db8::/32"], ["10.9.0.0/16"], PolicyGen.Start, PolicyGen.Start.AddDays(1), out var conditions, out _));
        IPAddress[] callers = [IPAddress.Parse("10.1.2.3"), IPAddress.Parse("2001:db8::1"), IPAddress.Parse("::ffff:10.1.2.3")];
        var resource = ResourceName.Queue(Account, QueueId);

        Assert.Equal(3000, AllowedTimes());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var allowed = AllowedTimes();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(3000, allowed);

        int AllowedTimes()
        {
            var times = 0;
            for (var i = 0; i < 3000; i++)
            {
                var asked = i % 2 == 0 ? resource : ResourceName.Queue(Account, QueueId);
                times += PolicyEvaluator.Evaluate(policies, conditions, WriteQueues, asked, callers[i % 3], PolicyGen.Start).IsAllowed ? 1 : 0;
            }

            return times;
        }
    }

    private static Decision Ask(Policy[] policies, Permission permission, ResourceName resource) =>
        PolicyEvaluator.Evaluate(PolicyGen.Compile(policies), TokenConditions.None, permission, resource, null, PolicyGen.Start);

    private static Policy Allow(string group, ResourceName resource) => Of(PolicyEffect.Allow, group, resource);

    private static Policy Deny(string group, ResourceName resource) => Of(PolicyEffect.Deny, group, resource);

    private static Policy Of(PolicyEffect effect, string group, ResourceName resource) => new(
        $"{effect} {group}", effect, [PermissionGroups.FindByName(group)!.Id], new Dictionary<string, string> { [resource.ToString()] = "*" });
}
