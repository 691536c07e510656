using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts.Tests.Tokens;

public sealed class TokenTableTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    [Fact]
    public async Task A_token_that_is_being_made_while_all_are_ended_is_none_afterwards()
    {
        var id = Guid.NewGuid().ToString("n");
        var permission = PermissionGroups.FindFor(new(Product.UserDetails, AccessLevel.Read))!.Id;
        var settings = new TokenSettings("own", [new("p", PolicyEffect.Allow, [permission], new Dictionary<string, string> { [ResourceName.User(id).ToString()] = "*" })]);
        var keeper = node.TokenKeepers.GetByName(id);
        Assert.Equal(AccountsFault.Changed, (await keeper.CreateWhileAllAreEnded(settings)).Fault);
        Assert.Equal(0, (await keeper.List()).Total);
    }
}
