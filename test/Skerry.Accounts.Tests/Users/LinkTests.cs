using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class LinkTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly UserLink _link = new("https://id.example.com", Guid.NewGuid().ToString());

    [Fact]
    public async Task Somebody_who_was_let_in_elsewhere_is_found_and_gets_a_session()
    {
        Assert.Null(await node.Registry.FindByLinkAsync(_link));
        Assert.Equal(AccountsFault.NotFound, (await node.Registry.SignInByLinkAsync(_link, People.Admin)).Fault);
        var info = (await node.Registry.RegisterAsync(new(People.NewEmail(), null, Link: _link), People.Admin)).Value!;
        Assert.Equal(info.Id, await node.Registry.FindByLinkAsync(_link));
        var session = (await node.Registry.SignInByLinkAsync(_link, People.Admin)).Value!;
        Assert.Equal(info.Id, session.UserId);
        Assert.True((await node.Authority(_clock).FindAsync(session.Value))!.Record.IsSession);
        Assert.Equal("sign_in_by_link", (await node.Users.GetByName(info.Id).ReadAudit(new())).Entries[0].Action);
    }

    [Fact]
    public async Task Whoever_came_in_by_a_link_goes_with_it_and_whoever_takes_it_away_stays()
    {
        var (_, user) = await node.NewUserAsync();
        await user.Link(_link, People.Admin);
        var thief = (await user.SignInByLink(_link, People.Admin)).Value!;
        var own = (await user.SignIn(People.Password, null, People.Admin)).Value!;
        await user.Unlink(_link, People.Admin with { TokenId = own.Session.Id });
        Assert.Equal([own.Session.Id], (await user.ListSessions()).Select(static one => one.Id));
        Assert.Null(await node.Authority(_clock).FindAsync(thief.Value));
    }

    [Fact]
    public async Task A_link_is_one_users_only()
    {
        var (_, first) = await node.NewUserAsync();
        var (_, second) = await node.NewUserAsync();
        Assert.Equal(_link, (await first.Link(_link, People.Admin)).Value);
        Assert.Equal(_link, (await first.Link(_link, People.Admin)).Value);
        Assert.Equal(AccountsFault.Taken, (await second.Link(_link, People.Admin)).Fault);
        Assert.Empty(await second.ListLinks());
        var email = People.NewEmail();
        Assert.Equal(AccountsFault.Taken, (await node.Registry.RegisterAsync(new(email, null, Link: _link), People.Admin)).Fault);

        // The address that was claimed with it is free at once.
        Assert.NotNull((await node.Registry.RegisterAsync(new(email, People.Password), People.Admin)).Value);
        Assert.Single((await first.ReadAudit(new(Action: "link"))).Entries);
        Assert.Equal(AccountsFault.NotFound, (await second.Unlink(_link, People.Admin)).Fault);
        Assert.Equal(_link, (await first.Unlink(_link, People.Admin)).Value);
        Assert.Equal(AccountsFault.NotProved, (await first.SignInByLink(_link, People.Admin)).Fault);
        Assert.Null(await node.Registry.FindByLinkAsync(_link));
        Assert.Equal(_link, (await second.Link(_link, People.Admin)).Value);
    }

    [Fact]
    public async Task By_address_a_user_is_linked_only_while_it_is_his_and_he_has_no_other_identity_there()
    {
        var (info, user) = await node.NewUserAsync();
        Assert.Equal(AccountsFault.NotProved, (await user.LinkByEmail(_link, People.NewEmail(), People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.LinkByEmail(_link, "no address", People.Admin)).Fault);
        Assert.Empty(await user.ListLinks());
        Assert.Equal(_link, (await user.LinkByEmail(_link, $" {info.Email.ToUpperInvariant()} ", People.Admin)).Value);
        Assert.Equal(_link, (await user.LinkByEmail(_link, info.Email, People.Admin)).Value);

        var second = _link with { Subject = "somebody else" };
        Assert.Equal(AccountsFault.NotProved, (await user.LinkByEmail(second, info.Email, People.Admin)).Fault);
        Assert.Null(await node.Registry.FindByLinkAsync(second));
        var elsewhere = second with { Issuer = "https://elsewhere.example.com" };
        Assert.Equal(elsewhere, (await user.LinkByEmail(elsewhere, info.Email, People.Admin)).Value);
    }

    [Fact]
    public async Task The_last_way_in_is_not_taken_away()
    {
        var info = (await node.Registry.RegisterAsync(new(People.NewEmail(), null, Link: _link), People.Admin)).Value!;
        var user = node.Users.GetByName(info.Id);
        Assert.Equal(AccountsFault.Invalid, (await user.Unlink(_link, People.Admin)).Fault);
        Assert.NotNull((await user.SignInByLink(_link, People.Admin)).Value);
        Assert.True((await user.ChangePassword(null, People.Password, null, People.Admin)).Value!.HasPassword);
        Assert.Equal(AccountsFault.None, (await user.Unlink(_link, People.Admin)).Fault);
        Assert.NotNull((await user.SignIn(People.Password, null, People.Admin)).Value);
    }

    [Fact]
    public async Task Links_are_bounded()
    {
        var (_, user) = await node.NewUserAsync();
        for (var i = 0; i < IUser.LinksMax; i++)
        {
            Assert.NotNull((await user.Link(_link with { Subject = $"{_link.Subject} {i}" }, People.Admin)).Value);
        }

        Assert.Equal(AccountsFault.TooMany, (await user.Link(_link, People.Admin)).Fault);
        Assert.Equal(IUser.LinksMax, (await user.ListLinks()).Count);
    }
}
