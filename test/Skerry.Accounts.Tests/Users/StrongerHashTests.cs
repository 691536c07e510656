using System.Text;
using System.Text.RegularExpressions;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Tests.Users;

/// <summary>On a node of its own, which is started again with other settings.</summary>
public sealed partial class StrongerHashTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    [Fact]
    public async Task A_hash_that_is_weaker_than_hashes_are_made_now_is_made_anew_when_it_is_used()
    {
        await node.RestartAsync();
        var (info, user) = await node.NewUserAsync();
        using var tomorrow = new PasswordHashing(2 * AccountsNode.PasswordIterations);
        await node.RestartAsync(2 * AccountsNode.PasswordIterations);
        user = node.Users.GetByName(info.Id);
        Assert.Null((await user.SignIn("not the password", null, People.Admin)).Value);
        Assert.Equal([PasswordCheck.RightButWeak], await StoredAsync());
        Assert.NotNull((await user.SignIn(People.Password, null, People.Admin)).Value);
        Assert.Contains(PasswordCheck.Right, await StoredAsync());
        Assert.NotNull((await user.SignIn(People.Password, null, People.Admin)).Value);

        // What the database has of hashes, those included that it does not use any more.
        async Task<PasswordCheck[]> StoredAsync()
        {
            var database = Encoding.Latin1.GetString(await node.ExportAsync(user));
            return await Task.WhenAll(Hash().Matches(database).Select(one => one.Value).Distinct().Select(async hash =>
            {
                using var place = await tomorrow.EnterAsync(PasswordQueue.Strangers);
                return await place!.CheckAsync(hash, People.Password);
            }));
        }
    }

    [Fact]
    public async Task Those_who_sign_in_while_it_is_made_anew_are_let_in_all_the_same()
    {
        await node.RestartAsync();
        var (info, _) = await node.NewUserAsync();
        await node.RestartAsync(2 * AccountsNode.PasswordIterations);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            node.Users.GetByName(info.Id).SignIn(People.Password, null, People.From($"192.0.2.{i + 1}"))));
        Assert.All(answers, static one => Assert.NotNull(one.Value));
    }

    // Identity's version 3 with HMAC-SHA512 in base64.
    [GeneratedRegex("AQAAAAI[A-Za-z0-9+/]{75}==")]
    private static partial Regex Hash();
}
