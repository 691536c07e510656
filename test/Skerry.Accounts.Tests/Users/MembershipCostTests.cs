using Skerry.Accounts.Audit;
using Skerry.Accounts.Tests.Hosting;

namespace Skerry.Accounts.Tests.Users;

/// <summary>On a node of its own, of which the objects in memory are counted.</summary>
public sealed class MembershipCostTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    [Fact]
    public async Task To_find_one_membership_one_account_is_asked()
    {
        const int Accounts = 8;
        var (info, user) = await node.NewUserAsync();
        List<string> members = [];
        for (var i = 0; i < Accounts; i++)
        {
            members.Add((await user.JoinAsFirstMember((await node.NewAccountAsync()).Id, Actor.System)).Value!.Id);
        }

        await node.RestartAsync();
        Assert.NotNull(await node.Users.GetByName(info.Id).FindMembership(members[3]));
        Assert.Equal(2, node.Status.ActiveObjects);
        Assert.Equal(Accounts, (await node.Users.GetByName(info.Id).ListMemberships()).Count);
        Assert.InRange(node.Status.ActiveObjects, 1 + Accounts, int.MaxValue);
    }
}
