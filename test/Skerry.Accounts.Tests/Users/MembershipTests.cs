using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

/// <summary>What a user's object knows of his memberships, and what it tells the accounts.</summary>
public sealed class MembershipTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly string _user = Guid.NewGuid().ToString("n");

    private IMembershipHolder Holder => node.MembershipHolders.GetByName(_user);

    [Fact]
    public async Task A_membership_and_an_invitation_are_found_by_their_ids_and_nobody_elses_are()
    {
        var (id, account, owner, first) = await node.NewOwnedAccountAsync();
        var ownMember = (await account.FindMember(owner.Id))!;
        var own = (await first.FindMembership(ownMember.Id))!;
        Assert.Equal((id, ownMember.Id, owner.Id), (own.Account.Id, own.Member.Id, own.Member.UserId));

        var (info, user) = await node.NewUserAsync();
        Assert.Null(await user.FindMembership(ownMember.Id));
        var invited = (await account.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)).Value!;
        Assert.Null(await first.FindMembership(invited.Id));
        Assert.Equal(MemberStatus.Pending, (await user.FindMembership(invited.Id))!.Member.Status);
        await user.AcceptMembership(invited.Id, People.Admin);
        Assert.Equal(MemberStatus.Accepted, (await user.FindMembership(invited.Id))!.Member.Status);
        Assert.Equal(invited.Id, Assert.Single(await user.ListMemberships()).Member.Id);

        // Who was removed and comes back is another member, and only that one.
        await account.RemoveMember(invited.Id, null, People.Admin);
        Assert.Null(await user.FindMembership(invited.Id));
        var again = (await account.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)).Value!;
        await user.AcceptMembership(again.Id, People.Admin);
        Assert.Null(await user.FindMembership(invited.Id));
        Assert.Equal(again.Id, (await user.FindMembership(again.Id))!.Member.Id);
    }

    [Fact]
    public async Task One_that_the_object_did_not_live_to_note_the_id_of_is_found_all_the_same()
    {
        var (id, account) = await node.NewAccountAsync();
        var member = (await account.AddFirstMember(_user, "ada@example.com", Actor.System)).Value!;
        await Holder.NoteMembershipOnly((await node.NewAccountAsync()).Id);
        await Holder.NoteMembershipOnly(id);
        Assert.Equal(member.Id, (await Holder.Find(member.Id, "ada@example.com"))!.Member.Id);
        Assert.Null(await Holder.Find(new string('a', 32), "ada@example.com"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_an_account_says_is_over_is_kept_if_the_user_has_changed_something_while_it_was_asked(bool changesMeanwhile)
    {
        var (id, _) = await node.NewAccountAsync();
        await Holder.NoteMembershipOnly(id);
        Assert.Equal(changesMeanwhile, await Holder.IsNotedAfterForgetting(id, changesMeanwhile));
    }

    [Fact]
    public async Task Accounts_that_a_process_did_not_live_to_tell_an_address_are_told_it_later_and_know_by_whom()
    {
        var (id, account) = await node.NewAccountAsync();
        await Holder.JoinAsFirst(id, "ada@example.com");
        await Holder.NoteEmail(People.Admin);
        Assert.False(await Holder.IsAllTold());
        Assert.True(await Holder.HasAlarm());
        await node.RestartAsync();
        await Holder.TellEmail("lovelace@example.com");
        Assert.True(await Holder.IsAllTold());
        Assert.Equal("lovelace@example.com", (await node.Accounts.GetByName(id).FindMember(_user))!.Email);
        var entry = (await node.Accounts.GetByName(id).ReadAudit(new())).Entries[0];
        Assert.Equal(("change_email", People.Admin), (entry.Action, entry.Actor));
    }

    [Fact]
    public async Task Accounts_that_he_has_left_are_told_nothing()
    {
        var (id, account) = await node.NewAccountAsync();
        await Holder.JoinAsFirst(id, "ada@example.com");
        await Holder.NoteEmail(People.Admin);
        await Holder.Forget(id);
        Assert.True(await Holder.IsAllTold());
        await Holder.TellEmail("lovelace@example.com");
        Assert.Equal("ada@example.com", (await account.FindMember(_user))!.Email);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_account_that_could_not_take_an_address_is_told_again_until_it_does()
    {
        // Its entry of the change would be longer than a value may be, with what the member is before and after.
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (member, info, user) = await node.NewMemberAsync(account, People.Only(People.Role("D1 Admin")));
        var (other, _) = await node.NewAccountAsync();
        await user.JoinAsFirstMember(other, People.Admin);
        var heavy = Heavy(id);
        Assert.Equal(AccountsFault.None, (await account.UpdateMember(member.Id, heavy, null, People.Admin)).Fault);
        var by = People.Admin with { UserAgent = new string('a', (2 << 20) - 8_000) };
        var email = People.NewEmail();
        Assert.Equal(email, (await user.ChangeEmail(email, by)).Value!.Email);

        // The others are told all the same.
        await People.EventuallyAsync(
            async () => (await node.Accounts.GetByName(other).FindMember(info.Id))!.Email == email, TestContext.Current.CancellationToken);
        Assert.Equal(info.Email, (await account.FindMember(info.Id))!.Email);

        // In a minute it is told again.
        Assert.Equal(AccountsFault.None, (await account.UpdateMember(member.Id, People.Only(People.Role("D1 Admin")), null, People.Admin)).Fault);
        Assert.Equal(info.Email, (await account.FindMember(info.Id))!.Email);
        node.Clock.Advance(TimeSpan.FromMinutes(1));
        await People.EventuallyAsync(async () => (await account.FindMember(info.Id))!.Email == email, TestContext.Current.CancellationToken);
        Assert.Equal("change_email", (await account.ReadAudit(new())).Entries[0].Action);
    }

    private static MemberSettings Heavy(string accountId) => new(
        [People.Role("D1 Admin").Id],
        [
            new(
                "many",
                PolicyEffect.Allow,
                ["366f57075ffc42689627bcf8242a1b6d"],
                Enumerable.Range(0, 100).ToDictionary(i => ResourceName.Queue(accountId, $"{i:x32}").ToString(), static _ => "*")),
        ]);
}
