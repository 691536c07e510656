using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tests.Hosting;

namespace Skerry.Accounts.Tests;

/// <summary>What a node remembers of tokens and of members is remembered in one way.</summary>
public sealed class AuthorityTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task What_is_known_costs_no_allocation()
    {
        var (id, _, info, user) = await node.NewOwnedAccountAsync();
        var value = (await user.SignInAsync()).Value;
        var (tokens, members) = (node.Authority(_clock), node.Members(_clock));
        Assert.NotNull(await tokens.FindAsync(value));
        Assert.NotNull(await members.FindAsync(id, info.Id));
        Assert.Equal(0, Allocated());

        long Allocated()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++)
            {
                var (token, member) = (tokens.FindAsync(value), members.FindAsync(id, info.Id));
                Assert.True(token.IsCompletedSuccessfully && member.IsCompletedSuccessfully && token.Result is not null && member.Result is not null);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_member_in_use_is_known_without_a_pause_and_asked_for_anew_behind_the_back()
    {
        var (id, account, _, _) = await node.NewOwnedAccountAsync();
        var (member, info, _) = await node.NewMemberAsync(account, People.Only(People.Role("D1 Admin")));
        var members = node.Members(_clock);
        var first = await members.FindAsync(id, info.Id);
        await account.UpdateMember(member.Id, People.Only(RoleTable.SuperAdministrator), null, People.Admin);

        // Until it is asked for anew the node knows no better: this is the cache that spares the question.
        Assert.Same(first, await members.FindAsync(id, info.Id));
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        var used = members.FindAsync(id, info.Id);
        Assert.True(used.IsCompletedSuccessfully);
        Assert.Same(first, await used);
        await People.EventuallyAsync(
            async () => (await members.FindAsync(id, info.Id))!.Member.IsSuperAdministrator, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Members_of_one_account_and_users_of_one_id_are_kept_apart()
    {
        var (id, _, info, user) = await node.NewOwnedAccountAsync();
        var (other, account, owner, _) = await node.NewOwnedAccountAsync();
        var members = node.Members(_clock);
        Assert.Null(await members.FindAsync(other, info.Id));
        Assert.Null(await members.FindAsync(id, owner.Id));
        Assert.Null(await members.FindAsync(new string('0', 32), info.Id));
        var invited = (await account.InviteMember(info.Email, People.Only(People.Role("D1 Admin")), People.Admin)).Value!;
        await user.AcceptMembership(invited.Id, People.Admin);

        // Who was none a moment ago is not remembered as none.
        Assert.Equal(invited.Id, (await members.FindAsync(other, info.Id))?.Member.Id);
        Assert.True((await members.FindAsync(id, info.Id))!.Member.IsSuperAdministrator);
        Assert.NotSame(CompiledPolicies.None, (await members.FindAsync(other, info.Id))!.Policies);
    }
}
