using System.Net;
using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class SignInTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private const string Password = "a horse in the rain";

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Signing_in_begins_a_session_with_the_users_rights_and_signing_out_ends_it_everywhere_within_a_second()
    {
        var email = NewEmail();
        var user = (await node.Registry.RegisterAsync(new(email, Password), Actor.System)).Value!;
        var session = (await node.Registry.SignInAsync($" {email.ToUpperInvariant()} ", Password, null, From("192.0.2.1"))).Value!;
        Assert.Equal(user.Id, session.UserId);
        Assert.StartsWith("sku_", session.Value, StringComparison.Ordinal);
        var authority = node.Authority(_clock);
        var known = (await authority.FindAsync(session.Value))!;
        Assert.True(known.Record.IsSession);
        Assert.True(UserRights.Decide(known, null, new(Product.UserDetails, AccessLevel.Write), ResourceName.User(user.Id), IPAddress.Loopback, _clock.GetUtcNow()).IsAllowed);
        Assert.Empty((await node.Users.GetByName(user.Id).ListTokens(0, 10)).Tokens);
        Assert.Equal(session.Session, Assert.Single(await node.Users.GetByName(user.Id).ListSessions()));
        Assert.Equal(session.Session, (await node.Users.GetByName(user.Id).SignOut(session.Session.Id, From("192.0.2.1"))).Value);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await authority.FindAsync(session.Value));
        Assert.Empty(await node.Users.GetByName(user.Id).ListSessions());
    }

    private static string NewEmail() => $"user-{Guid.NewGuid():n}@example.com";

    private static Actor From(string address) => new(ActorKind.User, Address: address, UserAgent: "tests");
}
