using System.Net;
using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Members;

public sealed class MemberTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private static readonly Permission QueuesWrite = new(Product.Queues, AccessLevel.Write);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task An_invitation_gives_nothing_until_it_is_accepted_and_then_what_its_roles_say()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (info, user) = await node.NewUserAsync();
        var invited = (await account.InviteMember($" {info.Email.ToUpperInvariant()}", People.Only(People.Role("Queues Admin")), People.Admin)).Value!;
        Assert.Equal((MemberStatus.Pending, (string?)null, info.Email), (invited.Status, invited.UserId, invited.Email));
        Assert.Null(await account.FindMember(info.Id));
        Assert.Null(await node.Members(_clock).FindAsync(id, info.Id));
        var offered = Assert.Single(await user.ListMemberships());
        Assert.Equal((id, invited.Id, MemberStatus.Pending), (offered.Account.Id, offered.Member.Id, offered.Member.Status));

        var accepted = (await user.AcceptMembership(invited.Id, People.Admin)).Value!;
        Assert.Equal((invited.Id, info.Id, MemberStatus.Accepted), (accepted.Id, accepted.UserId, accepted.Status));
        Assert.Equal(AccountsFault.None, (await user.AcceptMembership(invited.Id, People.Admin)).Fault);
        Assert.Equal(MemberStatus.Accepted, Assert.Single(await user.ListMemberships()).Member.Status);
        var rights = (await node.Members(_clock).FindAsync(id, info.Id))!;
        Assert.True(IsAllowed(rights, QueuesWrite, id));
        Assert.False(IsAllowed(rights, new(Product.D1, AccessLevel.Read), id));
    }

    [Fact]
    public async Task An_invitation_waits_for_whoever_registers_its_address()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var email = People.NewEmail();
        var invited = (await account.InviteMember(email, People.Only(RoleTable.SuperAdministrator), People.Admin)).Value!;
        var (_, stranger) = await node.NewUserAsync();
        Assert.Equal(AccountsFault.NotFound, (await stranger.AcceptMembership(invited.Id, People.Admin)).Fault);
        var (info, user) = await node.NewUserAsync(email);
        Assert.Equal(invited.Id, Assert.Single(await user.ListMemberships()).Member.Id);
        await user.AcceptMembership(invited.Id, People.Admin);
        Assert.Equal(info.Id, (await account.FindMember(info.Id))?.UserId);
        Assert.Equal(2, (await account.ListMembers(0, 10)).Total);
        Assert.NotNull(await node.Members(_clock).FindAsync(id, info.Id));
    }

    [Fact]
    public async Task A_users_token_and_session_lose_their_rights_within_a_second_when_the_member_is_removed()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (member, info, user) = await node.NewMemberAsync(account, People.Only(People.Role("Queues Admin")));
        var token = (await user.CreateToken(Settings(ResourceName.Account(id)), People.Admin)).Value!;
        var (tokens, members) = (node.Authority(_clock), node.Members(_clock));
        string[] values = [token.Value, (await user.SignInAsync()).Value];
        foreach (var value in values)
        {
            Assert.True((await DecideAsync(value)).IsAllowed);
        }

        Assert.Equal(AccountsFault.None, (await account.RemoveMember(member.Id, member.Version, People.Admin)).Fault);
        _clock.Advance(TimeSpan.FromSeconds(1));
        foreach (var value in values)
        {
            Assert.Equal(DecisionOutcome.NotAMember, (await DecideAsync(value)).Outcome);
        }

        async Task<Decision> DecideAsync(string value) => UserRights.Decide(
            (await tokens.FindAsync(value))!, await members.FindAsync(id, info.Id), QueuesWrite, ResourceName.Account(id), IPAddress.Loopback, _clock.GetUtcNow());
    }

    [Fact]
    public async Task A_member_made_weaker_is_so_everywhere_within_a_second()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (member, info, _) = await node.NewMemberAsync(account, People.Only(People.Role("Queues Admin")));
        var members = node.Members(_clock);
        Assert.True(IsAllowed((await members.FindAsync(id, info.Id))!, QueuesWrite, id));
        Assert.Equal(member.Version + 1, (await account.UpdateMember(member.Id, People.Only(People.Role("Queues Read Only")), member.Version, People.Admin)).Value!.Version);
        Assert.Equal(AccountsFault.Changed, (await account.UpdateMember(member.Id, People.Only(RoleTable.SuperAdministrator), member.Version, People.Admin)).Fault);
        Assert.Equal(AccountsFault.Changed, (await account.RemoveMember(member.Id, member.Version, People.Admin)).Fault);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(IsAllowed((await members.FindAsync(id, info.Id))!, QueuesWrite, id));
    }

    [Fact]
    public async Task The_accounts_tokens_go_on_working_when_whoever_made_them_is_gone()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (_, info, user) = await node.NewMemberAsync(account, People.Only(RoleTable.SuperAdministrator));
        var maker = new Actor(ActorKind.User, info.Id);
        var workflow = (await account.CreateToken(Settings(ResourceName.Account(id)), maker)).Value!;
        var own = (await user.CreateToken(Settings(ResourceName.Account(id)), maker)).Value!;
        var session = await user.SignInAsync();
        var authority = node.Authority(_clock);
        Assert.NotNull(await authority.FindAsync(own.Value));
        Assert.Equal(AccountsFault.None, (await user.Delete(maker)).Fault);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await authority.FindAsync(own.Value));
        Assert.Null(await authority.FindAsync(session.Value));
        Assert.Null(await account.FindMember(info.Id));
        var known = (await authority.FindAsync(workflow.Value))!;
        Assert.True(known.Decide(QueuesWrite, ResourceName.Account(id), IPAddress.Loopback, _clock.GetUtcNow()).IsAllowed);
        var log = (await account.ReadAudit(new(Ascending: true))).Entries;
        Assert.Contains(log, entry => (entry.Action, entry.ResourceId, entry.Actor.Id) == ("create", workflow.Token.Id, info.Id));
        Assert.Contains(log, entry => (entry.Action, entry.ResourceType, entry.Actor.Id) == ("leave", "member", info.Id));
    }

    [Fact]
    public async Task The_last_super_administrator_can_neither_go_nor_be_made_weaker_by_any_route()
    {
        var (id, account, info, user) = await node.NewOwnedAccountAsync();
        var member = (await account.FindMember(info.Id))!;

        // Who is only invited, and who is something less, cannot take over.
        await account.InviteMember(People.NewEmail(), People.Only(RoleTable.SuperAdministrator), People.Admin);
        await node.NewMemberAsync(account, People.Only(People.Role("Administrator")));
        await node.NewMemberAsync(account, Weakened(id));
        var entries = (await account.VerifyAudit(null)).Entries;
        await AssertAllRefusedAsync(AccountsFault.LastSuperAdministrator);
        Assert.Equal(entries, (await account.VerifyAudit(null)).Entries);
        Assert.Equal(member.Version, (await account.FindMember(info.Id))!.Version);
        Assert.NotNull(await user.Get());

        // With another one there it goes.
        await node.NewMemberAsync(account, People.Only(RoleTable.SuperAdministrator));
        Assert.Equal(AccountsFault.None, (await account.UpdateMember(member.Id, People.Only(People.Role("Administrator")), null, People.Admin)).Fault);
        Assert.Equal(AccountsFault.None, (await account.UpdateMember(member.Id, People.Only(RoleTable.SuperAdministrator), null, People.Admin)).Fault);
        Assert.Equal(AccountsFault.None, (await user.Delete(People.Admin)).Fault);
        Assert.Null(await account.FindMember(info.Id));

        async Task AssertAllRefusedAsync(AccountsFault fault)
        {
            Assert.Equal(fault, (await account.UpdateMember(member.Id, People.Only(People.Role("Administrator")), null, People.Admin)).Fault);
            Assert.Equal(fault, (await account.UpdateMember(member.Id, Weakened(id), null, People.Admin)).Fault);
            Assert.Equal(fault, (await account.RemoveMember(member.Id, null, People.Admin)).Fault);
            Assert.Equal(fault, (await user.LeaveMembership(member.Id, People.Admin)).Fault);
            Assert.Equal(fault, (await user.Delete(People.Admin)).Fault);
        }
    }

    [Fact]
    public async Task Of_two_super_administrators_who_leave_at_once_one_stays()
    {
        for (var i = 0; i < 10; i++)
        {
            var (_, account, info, first) = await node.NewOwnedAccountAsync();
            var (member, _, second) = await node.NewMemberAsync(account, People.Only(RoleTable.SuperAdministrator));
            var (leave, delete) = (first.LeaveMembership((await account.FindMember(info.Id))!.Id, People.Admin), second.Delete(People.Admin));
            var faults = new[] { (await leave).Fault, (await delete).Fault };
            Assert.Equal([AccountsFault.None, AccountsFault.LastSuperAdministrator], faults.Order());
            Assert.True(Assert.Single((await account.ListMembers(0, 10)).Members).IsSuperAdministrator);
            Assert.Equal(2, new[] { info.Id, member.UserId }.Distinct().Count());
        }
    }

    [Fact]
    public async Task A_user_who_cannot_be_deleted_keeps_everything()
    {
        var (_, last, _, user) = await node.NewOwnedAccountAsync();
        var (other, elsewhere, _, _) = await node.NewOwnedAccountAsync();
        var info = (await user.Get())!;
        var invited = (await elsewhere.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)).Value!;
        await user.AcceptMembership(invited.Id, People.Admin);
        var token = (await user.CreateToken(Settings(ResourceName.Account(other)), People.Admin)).Value!;
        Assert.Equal(AccountsFault.LastSuperAdministrator, (await user.Delete(People.Admin)).Fault);
        Assert.Equal(2, (await user.ListMemberships()).Count);
        Assert.NotNull(await last.FindMember(info.Id));
        Assert.NotNull(await elsewhere.FindMember(info.Id));
        Assert.NotNull(await node.Authority(_clock).FindAsync(token.Value));
        Assert.NotNull((await node.Registry.SignInAsync(info.Email, People.Password, null, People.Admin)).Value);
    }

    [Fact]
    public async Task Settings_that_are_not_accepted_are_told_by_field_and_change_nothing()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (member, _, _) = await node.NewMemberAsync(account, People.Only(People.Role("Queues Admin")));
        var entries = (await account.VerifyAudit(null)).Entries;
        (MemberSettings Settings, string Field)[] refused =
        [
            (new([]), "roles:"),
            (new(["nothing"]), "roles[0]"),
            (new([RoleTable.SuperAdministrator.Id, RoleTable.SuperAdministrator.Id]), "roles:"),
            (new([], [Policy("p", ResourceName.Account(new string('a', 32)))]), "policies:"),
            (new([], [Policy("p", ResourceName.AllAccounts)]), "policies:"),
            (new([], [Policy("p", ResourceName.Account(id)) with { PermissionGroups = [] }]), "policies[0].permission_groups"),
            (new([], [Policy("p", ResourceName.Account(id)) with { Effect = PolicyEffect.Deny }]), "roles:"),
            (new([RoleTable.SuperAdministrator.Id], [Policy(RoleTable.SuperAdministrator.Id, ResourceName.Account(id))]), "id"),
        ];
        foreach (var (settings, field) in refused)
        {
            foreach (var answer in new[] { await account.InviteMember(People.NewEmail(), settings, People.Admin), await account.UpdateMember(member.Id, settings, null, People.Admin) })
            {
                Assert.Equal(AccountsFault.Invalid, answer.Fault);
                Assert.Contains(field, answer.Message, StringComparison.Ordinal);
            }
        }

        Assert.Equal(AccountsFault.Invalid, (await account.InviteMember("no address", People.Only(RoleTable.SuperAdministrator), People.Admin)).Fault);
        Assert.Equal(entries, (await account.VerifyAudit(null)).Entries);
        Assert.Equal(2, (await account.ListMembers(0, 10)).Total);
    }

    [Fact]
    public async Task A_members_own_policies_reach_down_to_one_thing_and_deny_beats_a_role()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (queue, other) = (new string('1', 32), new string('2', 32));
        var settings = new MemberSettings(
            [People.Role("Queues Admin").Id],
            [Policy("not this one", ResourceName.Queue(id, queue)) with { Effect = PolicyEffect.Deny }]);
        var (_, info, _) = await node.NewMemberAsync(account, settings);
        var rights = (await node.Members(_clock).FindAsync(id, info.Id))!;
        Assert.True(Evaluate(ResourceName.Queue(id, other)).IsAllowed);
        Assert.Equal("not this one", Evaluate(ResourceName.Queue(id, queue)).PolicyId);
        Decision Evaluate(ResourceName resource) => PolicyEvaluator.Evaluate(rights.Policies, TokenConditions.None, QueuesWrite, resource, null, _clock.GetUtcNow());
    }

    [Fact]
    public async Task An_address_is_invited_once_however_many_try_at_once()
    {
        var (_, account, _, _) = await node.NewOwnedAccountAsync();
        var (info, user) = await node.NewUserAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => account.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)));
        Assert.Single(answers, static one => one.Fault == AccountsFault.None);
        Assert.Equal(7, answers.Count(static one => one.Fault == AccountsFault.Taken));
        Assert.Equal(2, (await account.ListMembers(0, 10)).Total);
        Assert.Single(await user.ListMemberships());
    }

    [Fact]
    public async Task Invitations_that_are_declined_or_taken_back_are_gone_on_both_sides()
    {
        var (_, account, _, _) = await node.NewOwnedAccountAsync();
        var (info, user) = await node.NewUserAsync();
        foreach (var isDeclined in new[] { true, false })
        {
            var invited = (await account.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)).Value!;
            var answer = isDeclined ? await user.LeaveMembership(invited.Id, People.Admin) : await account.RemoveMember(invited.Id, null, People.Admin);
            Assert.Equal(AccountsFault.None, answer.Fault);
            Assert.Empty(await user.ListMemberships());
            Assert.Equal(AccountsFault.NotFound, (await user.AcceptMembership(invited.Id, People.Admin)).Fault);
            Assert.Null(await account.GetMember(invited.Id));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_process_left_half_done_gives_nobody_anything_and_is_mended_by_trying_again()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (info, user) = await node.NewUserAsync();

        // Filed under the address, and the account does not have it.
        var key = UserKey.OfEmail(info.Email);
        var stray = new Invitation(id, new string('5', 32), node.Clock.GetUtcNow());
        Assert.True(await node.UserIndex.Of(key).AddInvitation(key, stray));
        Assert.Empty(await user.ListMemberships());
        Assert.Equal(AccountsFault.NotFound, (await user.AcceptMembership(stray.MemberId, People.Admin)).Fault);
        Assert.Single(await node.UserIndex.Of(key).ListInvitations(key));
        var invited = (await account.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)).Value!;
        Assert.Equal(invited.Id, Assert.Single(await user.ListMemberships()).Member.Id);

        // The account made him a member, and the user's object did not hear of it: the invitation is still filed.
        Assert.Equal(AccountsFault.None, (await account.AcceptInvitation(invited.Id, info.Id, info.Email, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await account.AcceptInvitation(invited.Id, new string('6', 32), info.Email, People.Admin)).Fault);
        Assert.Equal(AccountsFault.Taken, (await account.AddFirstMember(new string('6', 32), "other@example.com", People.Admin)).Fault);
        Assert.Contains((await account.ListMembers(0, 10)).Members, member => member.UserId == info.Id);
        Assert.Equal(AccountsFault.None, (await account.Leave(info.Id, People.Admin)).Fault);

        // What was filed in vain goes when there is no doubt any more.
        node.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Empty(await user.ListMemberships());
        await People.EventuallyAsync(async () => (await node.UserIndex.Of(key).ListInvitations(key)).Count == 0, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Every_change_of_members_is_in_the_log_with_what_was_and_what_is()
    {
        var (_, account, _, _) = await node.NewOwnedAccountAsync();
        var (member, _, user) = await node.NewMemberAsync(account, People.Only(People.Role("D1 Admin")));
        await account.UpdateMember(member.Id, People.Only(People.Role("Queues Admin")), null, People.Admin);
        await user.LeaveMembership(member.Id, People.Admin);
        var log = (await account.ReadAudit(new(ResourceId: member.Id, Ascending: true))).Entries;
        Assert.Equal(["invite", "accept", "update", "leave"], log.Select(static entry => entry.Action));
        Assert.All(log, static entry => Assert.Equal("member", entry.ResourceType));
        Assert.Contains(People.Role("D1 Admin").Id, log[2].Before, StringComparison.Ordinal);
        Assert.Contains(People.Role("Queues Admin").Id, log[2].After, StringComparison.Ordinal);
        Assert.Null(log[3].After);
        Assert.True((await account.VerifyAudit(null)).Holds);
    }

    [Fact]
    public async Task Members_and_memberships_are_there_after_a_restart()
    {
        var (id, account, info, _) = await node.NewOwnedAccountAsync();
        var (member, _, _) = await node.NewMemberAsync(account, People.Only(People.Role("D1 Admin")));
        await node.RestartAsync();
        var again = node.Accounts.GetByName(id);
        Assert.Equal(2, (await again.ListMembers(0, 10)).Total);
        Assert.Equal(AccountsFault.LastSuperAdministrator, (await again.RemoveMember((await again.FindMember(info.Id))!.Id, null, People.Admin)).Fault);
        Assert.Equal(member.Id, Assert.Single(await node.Users.GetByName(member.UserId!).ListMemberships()).Member.Id);
    }

    private static MemberSettings Weakened(string id) => new(
        [RoleTable.SuperAdministrator.Id], [Policy("not all", ResourceName.Queue(id, new string('1', 32))) with { Effect = PolicyEffect.Deny }]);

    private static Policy Policy(string id, ResourceName resource) => new(
        id, PolicyEffect.Allow, [PermissionGroups.FindFor(QueuesWrite)!.Id], new Dictionary<string, string> { [resource.ToString()] = "*" });

    private static TokenSettings Settings(ResourceName resource) => new("a token", [Policy("p", resource)]);

    private static bool IsAllowed(MemberRights rights, Permission permission, string account) =>
        PolicyEvaluator.Evaluate(rights.Policies, TokenConditions.None, permission, ResourceName.Account(account), null, DateTimeOffset.UtcNow).IsAllowed;
}
