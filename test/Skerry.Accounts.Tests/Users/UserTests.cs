using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class UserTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Of_those_who_register_one_address_at_once_one_gets_it()
    {
        var email = People.NewEmail();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            node.Registry.RegisterAsync(new(i % 2 == 0 ? email : email.ToUpperInvariant(), People.Password), People.Admin)));
        var made = Assert.Single(answers, static one => one.Fault == AccountsFault.None).Value!;
        Assert.Equal(7, answers.Count(static one => one.Fault == AccountsFault.Taken));
        Assert.Equal(made.Id, await node.Registry.FindByEmailAsync(email));
        Assert.Equal(made, await node.Users.GetByName(made.Id).Get());
    }

    [Fact]
    public async Task An_address_that_a_process_claimed_before_it_died_is_free_after_a_minute()
    {
        var email = People.NewEmail();
        var key = UserKey.OfEmail(email);
        var dead = Guid.NewGuid().ToString("n");
        Assert.True(await node.UserIndex.Of(key).Claim(key, dead));
        Assert.Null(await node.Registry.FindByEmailAsync(email));
        Assert.Equal(AccountsFault.Taken, (await node.Registry.RegisterAsync(new(email, People.Password), People.Admin)).Fault);
        node.Clock.Advance(TimeSpan.FromMinutes(1));
        var made = (await node.Registry.RegisterAsync(new(email, People.Password), People.Admin)).Value!;
        Assert.Equal(made.Id, await node.Registry.FindByEmailAsync(email));

        // If it was only slow, it is told.
        Assert.Equal(AccountsFault.Taken, (await node.Users.GetByName(dead).Create(new(email, People.Password), People.Admin)).Fault);
        Assert.Null(await node.Users.GetByName(dead).Get());
        Assert.Equal(made.Id, await node.Registry.FindByEmailAsync(email));
    }

    [Fact]
    public async Task What_is_not_accepted_is_told_by_field_and_leaves_the_address_free()
    {
        var email = People.NewEmail();
        (NewUser User, string Field)[] refused =
        [
            (new("nobody", People.Password), "email"),
            (new(email, "short"), "password"),
            (new(email, email), "password"),
            (new(email, People.Password, new string('x', 61)), "first_name"),
            (new(email, People.Password, null, "two\nlines"), "last_name"),
            (new(email, People.Password, Link: new("", "me")), "issuer"),
            (new(email, People.Password, Link: new("https://id.example.com", new string('x', 256))), "subject"),
        ];
        foreach (var (user, field) in refused)
        {
            var answer = await node.Registry.RegisterAsync(user, People.Admin);
            Assert.Equal(AccountsFault.Invalid, answer.Fault);
            Assert.Contains(field, answer.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(People.Password, user.ToString(), StringComparison.Ordinal);
        }

        Assert.NotNull((await node.Registry.RegisterAsync(new(email, People.Password), People.Admin)).Value);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_changed_address_is_the_only_one_that_leads_to_the_user()
    {
        var (_, account, info, user) = await node.NewOwnedAccountAsync();
        var (other, _) = await node.NewUserAsync();
        var email = People.NewEmail();
        Assert.Equal(AccountsFault.Taken, (await user.ChangeEmail(other.Email, People.Admin)).Fault);
        Assert.Equal(AccountsFault.Invalid, (await user.ChangeEmail("nobody", People.Admin)).Fault);
        Assert.Equal(other.Id, await node.Registry.FindByEmailAsync(other.Email));
        Assert.Equal(email, (await user.ChangeEmail(email.ToUpperInvariant(), People.Admin)).Value!.Email);
        Assert.Equal(info.Id, await node.Registry.FindByEmailAsync(email));
        Assert.Null(await node.Registry.FindByEmailAsync(info.Email));
        Assert.NotNull((await node.Registry.SignInAsync(email, People.Password, null, People.Admin)).Value);
        Assert.Null((await node.Registry.SignInAsync(info.Email, People.Password, null, People.Admin)).Value);
        Assert.NotNull((await node.Registry.RegisterAsync(new(info.Email, People.Password), People.Admin)).Value);

        // Nobody waits for the accounts to hear of it; the member's rights do not hang on it.
        await People.EventuallyAsync(async () => (await account.FindMember(info.Id))!.Email == email, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Of_two_who_change_to_one_address_at_once_one_gets_it_and_the_other_keeps_his_own()
    {
        var (first, firstUser) = await node.NewUserAsync();
        var (second, secondUser) = await node.NewUserAsync();
        var email = People.NewEmail();
        var (one, two) = (firstUser.ChangeEmail(email, People.Admin), secondUser.ChangeEmail(email, People.Admin));
        Assert.Equal([AccountsFault.None, AccountsFault.Taken], new[] { (await one).Fault, (await two).Fault }.Order());
        var (winner, loser) = (await one).Value is not null ? (first, second) : (second, first);
        Assert.Equal(winner.Id, await node.Registry.FindByEmailAsync(email));
        Assert.Equal(loser.Id, await node.Registry.FindByEmailAsync(loser.Email));
        Assert.Null(await node.Registry.FindByEmailAsync(winner.Email));
    }

    [Fact]
    public async Task Names_are_changed_and_the_log_has_both()
    {
        var (_, user) = await node.NewUserAsync();
        Assert.Equal(AccountsFault.Invalid, (await user.UpdateProfile("Ada", "Love\0lace", People.Admin)).Fault);
        var changed = (await user.UpdateProfile("Ada", "Lovelace", People.Admin)).Value!;
        Assert.Equal(("Ada", "Lovelace"), (changed.FirstName, changed.LastName));
        Assert.Equal(changed, await user.Get());
        var entry = (await user.ReadAudit(new())).Entries[0];
        Assert.Equal(("update", "user", People.Admin), (entry.Action, entry.ResourceType, entry.Actor));
        Assert.Contains("Lovelace", entry.After, StringComparison.Ordinal);
        Assert.DoesNotContain("Lovelace", entry.Before, StringComparison.Ordinal);
        Assert.True((await user.VerifyAudit(null)).Holds);
    }

    [Fact]
    public async Task Of_a_user_who_was_deleted_nothing_is_left_but_the_log()
    {
        var link = new UserLink("https://id.example.com", Guid.NewGuid().ToString());
        var (info, user) = await node.NewUserAsync();
        await user.Link(link, People.Admin);
        var settings = new TokenSettings("own", [new("p", PolicyEffect.Allow, ["8acbe5bb0d54464ab867149d7f7cf8ac"], new Dictionary<string, string> { [ResourceName.User(info.Id).ToString()] = "*" })]);
        string[] values = [(await user.CreateToken(settings, People.Admin)).Value!.Value, (await user.SignInAsync()).Value];
        Assert.Equal(info.Id, (await user.Delete(People.Admin)).Value!.Id);
        Assert.Equal(AccountsFault.NotFound, (await user.Delete(People.Admin)).Fault);
        Assert.Null(await user.Get());
        foreach (var value in values)
        {
            Assert.Null(await node.Authority(_clock).FindAsync(value));
        }

        Assert.Equal(0, (await user.ListTokens(0, 10)).Total);
        Assert.Empty(await user.ListSessions());
        Assert.Empty(await user.ListLinks());
        Assert.Empty(await user.ListMemberships());
        Assert.Equal(AccountsFault.NotFound, (await user.CreateToken(settings, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, null, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByLink(link, People.Admin)).Fault);
        Assert.Equal(AccountsFault.Taken, (await user.Create(new(info.Email, People.Password), People.Admin)).Fault);
        Assert.Null(await node.Registry.FindByLinkAsync(link));
        Assert.Equal("delete", (await user.ReadAudit(new())).Entries[0].Action);
        Assert.True((await user.VerifyAudit(null)).Holds);

        // The address and the link are free for somebody new.
        Assert.NotNull((await node.Registry.RegisterAsync(new(info.Email, People.Password, Link: link), People.Admin)).Value);
    }

    [Fact]
    public async Task A_token_that_is_being_made_while_its_user_is_deleted_is_none_afterwards()
    {
        for (var i = 0; i < 10; i++)
        {
            var (info, user) = await node.NewUserAsync();
            var settings = new TokenSettings("own", [new("p", PolicyEffect.Allow, ["8acbe5bb0d54464ab867149d7f7cf8ac"], new Dictionary<string, string> { [ResourceName.User(info.Id).ToString()] = "*" })]);
            var (made, deleted) = (node.Users.GetByName(info.Id).CreateToken(settings, People.Admin), node.Users.GetByName(info.Id).Delete(People.Admin));
            Assert.Equal(AccountsFault.None, (await deleted).Fault);
            if ((await made).Value is { } token)
            {
                Assert.Null(await node.Authority(_clock).FindAsync(token.Value));
            }

            Assert.Equal(0, (await user.ListTokens(0, 10)).Total);
        }
    }

    [Fact]
    public async Task A_user_who_was_never_made_has_nothing_and_takes_nothing()
    {
        var user = node.Users.GetByName(Guid.NewGuid().ToString("n"));
        Assert.Null(await user.Get());
        Assert.Equal(AccountsFault.NotFound, (await user.UpdateProfile("a", "b", People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.ChangeEmail(People.NewEmail(), People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.ChangePassword(null, People.Password, null, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.Delete(People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.Link(new("https://id.example.com", "me"), People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.BeginTwoFactor()).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.ConfirmTwoFactor("123456", People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.DisableTwoFactor(People.Password, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.AcceptMembership("m", People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.LeaveMembership("m", People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.JoinAsFirstMember(new string('a', 32), People.Admin)).Fault);
        Assert.Empty(await user.ListMemberships());
        Assert.Equal(AuditProof.Nothing, await user.VerifyAudit(null));
    }
}
