using System.Net;
using CsCheck;
using Skerry.Accounts.Members;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tests.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class UserRightsTests
{
    private static readonly string Account = PolicyGen.Ids[0];
    private static readonly string User = PolicyGen.Ids[1];
    private static readonly DateTimeOffset Now = PolicyGen.Start;
    private static readonly Gen<MemberSettings> Settings = Gen.Select(
        Gen.OneOf<string>([.. RoleTable.All.Select(static role => role.Id)]).Array[1, 2],
        PolicyGen.Policies.Select(static all => all.Where(IsInside).ToArray())).Select((roles, policies) => new MemberSettings([.. roles.Distinct()], policies));

    private static readonly Policy[] Everything =
    [
        All("accounts", PermissionGroups.AccountScope, ResourceName.AllAccounts),
        All("users", PermissionGroups.UserScope, ResourceName.User(User)),
    ];

    [Fact]
    public void Nothing_is_allowed_that_the_token_or_the_user_is_refused_and_all_that_both_may()
    {
        var (allowed, refused) = (0, 0);
        Gen.Select(PolicyGen.Policies, Gen.Bool, Settings, Gen.Bool, PolicyGen.Permission, PolicyGen.Resource).Sample(
            (some, isWide, settings, isMember, permission, resource) =>
            {
                // Half of the tokens may all that they do not deny, as sessions may, or few requests would come so far.
                Policy[] policies = isWide ? [.. some, .. Everything] : some;
                var token = Token(policies);
                var member = isMember ? Member(settings) : null;
                var byToken = NaiveEvaluator.IsAllowed(policies, TokenConditions.None, permission, resource.ToString(), null, Now);
                var byUser = resource.Kind switch
                {
                    ResourceKind.User => resource.Owner == User,
                    ResourceKind.AllAccounts => false,
                    _ => isMember && resource.Owner == Account && NaiveEvaluator.IsAllowed(
                        [.. settings.Roles.Select(id => RoleTable.Find(id)!.ToPolicy(Account)), .. settings.Policies!], TokenConditions.None, permission, resource.ToString(), null, Now),
                };
                var decision = UserRights.Decide(token, member, permission, resource, null, Now);
                Assert.Equal(byToken && byUser, decision.IsAllowed);
                Interlocked.Increment(ref decision.IsAllowed ? ref allowed : ref refused);
            },
            iter: 60_000);
        Assert.True(allowed > 1_000 && refused > 1_000, $"{allowed} allowed, {refused} refused: too few to show anything");
    }

    [Fact]
    public void What_a_maker_may_give_allows_nothing_that_he_is_refused_himself()
    {
        var (within, allowed) = (0, 0);
        var requests = Gen.Select(PolicyGen.Permission, PolicyGen.Resource).Array[40];
        Gen.Select(PolicyGen.Policies, Settings, PolicyGen.Policies, Gen.Bool, requests).Sample(
            (policies, settings, others, isCut, asked) =>
            {
                // Half of the grants are cut from what the maker holds, or few would be within.
                Policy[] all = [.. policies, .. settings.Policies!];
                Policy[] given = isCut ? [.. all.Where(static one => one.Effect == PolicyEffect.Deny), .. policies.Take(1)] : others;
                var grant = PolicyGen.Compile([.. given.DistinctBy(static one => one.Id)]);
                var (maker, member) = (Token(policies), Member(settings));
                if (!UserRights.IsWithin(grant, TokenConditions.None, maker, member))
                {
                    return;
                }

                Interlocked.Increment(ref within);
                foreach (var (permission, resource) in asked.Where(static one => one.Item2.Kind is not (ResourceKind.User or ResourceKind.AllAccounts) && one.Item2.Owner == Account))
                {
                    if (PolicyEvaluator.Evaluate(grant, TokenConditions.None, permission, resource, null, Now).IsAllowed)
                    {
                        Interlocked.Increment(ref allowed);
                        Assert.True(UserRights.Decide(maker, member, permission, resource, null, Now).IsAllowed);
                    }
                }
            },
            iter: 30_000);
        Assert.True(within > 1_000 && allowed > 200, $"{within} grants were within and allowed {allowed} requests: too few to show anything");
    }

    [Fact]
    public void A_refusal_says_whose_it_is()
    {
        var queue = ResourceName.Queue(Account, new string('1', 32));
        var permission = new Permission(Product.Queues, AccessLevel.Write);
        var token = Token([Allow("t", permission, ResourceName.Account(Account))]);
        Assert.Equal(
            [DecisionOutcome.NotAMember, DecisionOutcome.NotAllowedToMember, DecisionOutcome.DeniedToMember, DecisionOutcome.Allowed],
            new[]
            {
                null,
                Member(People.Only(People.Role("D1 Admin"))),
                Member(new([RoleTable.SuperAdministrator.Id], [Allow("no", permission, queue) with { Effect = PolicyEffect.Deny }])),
                Member(People.Only(RoleTable.SuperAdministrator)),
            }.Select(member => UserRights.Decide(token, member, permission, queue, null, Now).Outcome));

        // A member is one in his own account only, and the token's refusal comes first.
        var elsewhere = ResourceName.Account(PolicyGen.Ids[1]);
        var wide = Token([Allow("t", permission, ResourceName.AllAccounts)]);
        Assert.Equal(DecisionOutcome.NotAMember, UserRights.Decide(wide, Member(People.Only(RoleTable.SuperAdministrator)), permission, elsewhere, null, Now).Outcome);
        Assert.Equal(DecisionOutcome.NotAMember, UserRights.Decide(wide, Member(People.Only(RoleTable.SuperAdministrator)), permission, ResourceName.AllAccounts, null, Now).Outcome);
        Assert.Equal(DecisionOutcome.NotAllowed, UserRights.Decide(token, null, permission, elsewhere, null, Now).Outcome);
        var details = new Permission(Product.UserDetails, AccessLevel.Read);
        var own = Token([Allow("u", details, ResourceName.User(User)), Allow("v", details, ResourceName.User(Account))]);
        Assert.True(UserRights.Decide(own, null, details, ResourceName.User(User), null, Now).IsAllowed);
        Assert.Equal(DecisionOutcome.NotTheUser, UserRights.Decide(own, null, details, ResourceName.User(Account), null, Now).Outcome);
        Assert.All(Enum.GetValues<DecisionOutcome>(), outcome => Assert.NotEmpty(new Decision(outcome, "p", permission, queue, TokenConditions.None, null).ToString()));
    }

    [Fact]
    public void Only_a_users_token_with_its_own_users_rights_is_decided_on()
    {
        var permission = new Permission(Product.Queues, AccessLevel.Write);
        var resource = ResourceName.Account(Account);
        var token = Token([Allow("t", permission, resource)]);
        var of = new KnownToken(new(TokenKind.Account, Account, token.Record.Id), token.Record);
        Assert.Throws<ArgumentException>(() => UserRights.Decide(of, null, permission, resource, null, Now));
        var others = Member(People.Only(RoleTable.SuperAdministrator));
        others = others with { Member = others.Member with { UserId = Account } };
        Assert.Throws<ArgumentException>(() => UserRights.Decide(token, others, permission, resource, null, Now));
        Assert.Throws<ArgumentException>(() => UserRights.IsWithin(CompiledPolicies.None, TokenConditions.None, token, others));
    }

    [Fact]
    public void What_a_session_makes_may_outlive_it_and_what_another_token_makes_may_not()
    {
        var permission = new Permission(Product.Queues, AccessLevel.Write);
        Policy[] policies = [Allow("t", permission, ResourceName.Account(Account))];
        var member = Member(People.Only(RoleTable.SuperAdministrator));
        var record = new TokenRecord(new string('3', 32), new("t", policies, ExpiresOn: Now.AddHours(12)), 1, Now, Now, null);
        foreach (var isSession in new[] { true, false })
        {
            var maker = new KnownToken(new(TokenKind.User, User, record.Id), record with { IsSession = isSession });
            Assert.Equal(isSession, UserRights.IsWithin(PolicyGen.Compile(policies), TokenConditions.None, maker, member));
            Assert.Equal(isSession, UserRights.IsWithin(PolicyGen.Compile(policies), TokenConditions.None, maker));
            Assert.False(UserRights.IsWithin(PolicyGen.Compile(policies), TokenConditions.None, maker, null));
            Assert.False(UserRights.IsWithin(PolicyGen.Compile(policies), TokenConditions.None, maker, Member(People.Only(People.Role("D1 Admin")))));
        }
    }

    [Fact]
    public void A_decision_allocates_nothing()
    {
        var permission = new Permission(Product.Queues, AccessLevel.Write);
        var (queue, token, member) = (
            ResourceName.Queue(Account, new string('1', 32)), Token([Allow("t", permission, ResourceName.Account(Account))]), Member(People.Only(RoleTable.SuperAdministrator)));
        Assert.True(UserRights.Decide(token, member, permission, queue, IPAddress.Loopback, Now).IsAllowed);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            UserRights.Decide(token, member, permission, queue, IPAddress.Loopback, Now);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static bool IsInside(Policy policy) =>
        policy.Resources.Keys.All(static name => ResourceName.TryParse(name, out var resource, out _) && ResourceName.Account(Account).Covers(resource));

    private static KnownToken Token(IReadOnlyList<Policy> policies) => new(
        new(TokenKind.User, User, new string('3', 32)), new(new string('3', 32), new("t", policies), 1, Now, Now, null));

    private static MemberRights Member(MemberSettings settings)
    {
        Assert.True(MemberRights.TryCompile(Account, settings, out var policies, out var errors), string.Join('\n', errors));
        return new(Account, new(new string('4', 32), User, "ada@example.com", MemberStatus.Accepted, settings, 1, Now, Now), policies);
    }

    private static Policy Allow(string id, Permission permission, ResourceName resource) => new(
        id, PolicyEffect.Allow, [PermissionGroups.FindFor(permission)!.Id], new Dictionary<string, string> { [resource.ToString()] = "*" });

    private static Policy All(string id, string scope, ResourceName resource) => new(
        id, PolicyEffect.Allow, [.. PermissionGroups.OfScope(scope).Select(static one => one.Id)], new Dictionary<string, string> { [resource.ToString()] = "*" });
}
