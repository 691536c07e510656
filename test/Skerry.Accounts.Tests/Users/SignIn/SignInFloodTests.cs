using System.Security.Cryptography;
using System.Text;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Sessions;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Tests.Users.SignIn;

/// <summary>On a node of its own, where nothing else is written or hashed.</summary>
public sealed class SignInFloodTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private const string Wrong = "not the password";

    [Fact(Timeout = 60_000)]
    public async Task Whoever_finds_too_many_others_before_him_has_left_nothing_behind()
    {
        var (info, user) = await node.NewUserAsync();
        string[] emails = [info.Email, People.NewEmail()];
        await OpenGuardsAsync();
        foreach (var email in emails)
        {
            await node.Registry.SignInAsync(email, Wrong, null, People.From("192.0.2.1"));
        }

        var places = await FillAsync();
        var before = await GuardsAsync();
        foreach (var email in emails)
        {
            foreach (var password in new[] { People.Password, Wrong })
            {
                var answer = await node.Registry.SignInAsync(email, password, null, People.From("192.0.2.1"));
                Assert.Equal((AccountsFault.TryLater, TimeSpan.FromSeconds(1)), (answer.Fault, answer.RetryAfter));
            }
        }

        Assert.Equal(before, await GuardsAsync());

        // Who has signed in is not kept waiting by them.
        var cancel = TestContext.Current.CancellationToken;
        Assert.Equal(AccountsFault.None, (await user.ChangePassword(People.Password, "rain on the horse", null, People.Admin).WaitAsync(cancel)).Fault);
        await node.NewUserAsync().WaitAsync(cancel);
        await LeaveAsync(places);
        Assert.NotNull((await node.Registry.SignInAsync(info.Email, "rain on the horse", null, People.From("192.0.2.1"))).Value);

        // The whole of what is written by trying to sign in.
        async Task<string> GuardsAsync()
        {
            StringBuilder all = new();
            for (var i = 0; i < 256; i++)
            {
                all.AppendLine(Convert.ToHexStringLower(SHA256.HashData(await node.ExportAsync(node.Guards.GetByName($"{i:x2}")))));
            }

            return all.ToString();
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_has_to_wait_for_his_guesses_takes_no_place_from_others()
    {
        var (_, user) = await node.NewUserAsync();
        for (var i = 0; i < 5; i++)
        {
            await user.SignIn(Wrong, null, People.From("192.0.2.2"));
        }

        // If he waited for a place, this would not end.
        var places = await FillAsync(waiting: 0);
        Assert.Equal(TimeSpan.FromSeconds(1), (await user.SignIn(Wrong, null, People.From("192.0.2.2")).WaitAsync(TestContext.Current.CancellationToken)).RetryAfter);
        await LeaveAsync(places);
    }

    [Fact]
    public async Task Made_up_addresses_write_no_more_than_those_that_somebody_has_and_leave_no_objects_behind()
    {
        const int Addresses = 20;
        List<string> real = [];
        for (var i = 0; i < Addresses; i++)
        {
            real.Add((await node.NewUserAsync()).Info.Email);
        }

        var ofReal = await CostAsync(real);
        var users = await CountUsersAsync();
        var ofNobodys = await CostAsync([.. Enumerable.Range(0, Addresses).Select(static _ => People.NewEmail())]);
        Assert.Equal(users, await CountUsersAsync());
        Assert.InRange(users, Addresses, int.MaxValue);
        Assert.InRange(ofNobodys, 1, ofReal * 1.5);

        async Task<long> CostAsync(List<string> emails)
        {
            await OpenGuardsAsync();
            var before = node.Status.LogBytesAppended;
            await Task.WhenAll(emails.Select(async email =>
            {
                for (var i = 0; i < 5; i++)
                {
                    Assert.Equal(AccountsFault.NotProved, (await node.Registry.SignInAsync(email, Wrong, null, People.From("192.0.2.3"))).Fault);
                }
            }));
            return node.Status.LogBytesAppended - before;
        }

        // A node that ends in good order has written all of its databases to their files.
        async Task<int> CountUsersAsync()
        {
            await node.RestartAsync();
            return Directory.GetFiles(Path.Combine(node.Status.DataFolder, "objects", "skerry-user"), "*", SearchOption.AllDirectories).Length;
        }
    }

    private async Task<List<Task<PasswordPlace?>>> FillAsync(int waiting = PasswordHashing.WaitingMax)
    {
        List<Task<PasswordPlace?>> all = [.. Enumerable.Range(0, PasswordHashing.AtOnceMax + waiting).Select(_ => node.Hashing.EnterAsync(PasswordQueue.Strangers))];
        foreach (var place in all.Take(PasswordHashing.AtOnceMax))
        {
            Assert.NotNull(await place);
        }

        return all;
    }

    // So that they are there already, whoever's they are.
    private Task OpenGuardsAsync() => Parallel.ForAsync(0, 256, async (i, _) => await node.Guards.GetByName($"{i:x2}").Forget(new string('0', 32)));

    private static async Task LeaveAsync(List<Task<PasswordPlace?>> places)
    {
        foreach (var place in places)
        {
            (await place)!.Dispose();
        }
    }
}
