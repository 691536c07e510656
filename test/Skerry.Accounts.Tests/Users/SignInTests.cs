using System.Net;
using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Sessions;

namespace Skerry.Accounts.Tests.Users;

public sealed class SignInTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private const string Wrong = "not the password";

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Signing_in_begins_a_session_with_the_users_rights_and_signing_out_ends_it_everywhere_within_a_second()
    {
        var (info, user) = await node.NewUserAsync();
        var session = (await node.Registry.SignInAsync($" {info.Email.ToUpperInvariant()} ", People.Password, null, People.From("192.0.2.1"))).Value!;
        Assert.Equal((info.Id, "192.0.2.1", "tests"), (session.UserId, session.Session.Address, session.Session.UserAgent));
        Assert.StartsWith("sku_", session.Value, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Value, session.ToString(), StringComparison.Ordinal);
        var authority = node.Authority(_clock);
        var known = (await authority.FindAsync(session.Value))!;
        Assert.True(known.Record.IsSession);
        Assert.Equal(new TokenOwner(TokenKind.User, info.Id, session.Session.Id), known.Owner);
        Assert.True(Decide(known, new(Product.UserDetails, AccessLevel.Write), info.Id).IsAllowed);
        Assert.Equal(DecisionOutcome.NotAllowed, Decide(known, new(Product.UserDetails, AccessLevel.Read), new string('a', 32)).Outcome);
        Assert.Equal(0, (await user.ListTokens(0, 10)).Total);
        Assert.Equal(session.Session, Assert.Single(await user.ListSessions()));

        await user.RecordTokenUse(session.Session.Id, _clock.GetUtcNow());
        Assert.NotNull(Assert.Single(await user.ListSessions()).LastUsedOn);
        Assert.Equal(session.Session.Id, (await user.SignOut(session.Session.Id, People.Admin)).Value!.Id);
        Assert.Equal(AccountsFault.NotFound, (await user.SignOut(session.Session.Id, People.Admin)).Fault);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await authority.FindAsync(session.Value));
        Assert.Empty(await user.ListSessions());
        var log = (await user.ReadAudit(new(ResourceType: "session", Ascending: true))).Entries;
        Assert.Equal(["sign_in", "sign_out"], log.Select(static entry => entry.Action));
        Assert.Equal((info.Id, "192.0.2.1"), (log[0].Actor.Id, log[0].Actor.Address));
    }

    [Fact]
    public async Task A_session_ends_by_itself_after_twelve_hours_and_cannot_be_changed_as_a_token()
    {
        var (_, user) = await node.NewUserAsync();
        var session = await user.SignInAsync();
        Assert.Equal(TimeSpan.FromHours(12), session.Session.ExpiresOn - session.Session.CreatedOn);
        Assert.Equal(AccountsFault.NotFound, (await user.RollToken(session.Session.Id, null, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.DeleteToken(session.Session.Id, null, People.Admin)).Fault);
        node.Clock.Advance(TimeSpan.FromHours(12) - TimeSpan.FromMinutes(1));
        Assert.NotNull(await node.Authority(_clock).FindAsync(session.Value));
        node.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await node.Authority(_clock).FindAsync(session.Value));
        Assert.Empty(await user.ListSessions());
    }

    [Fact]
    public async Task Sessions_are_bounded_and_the_oldest_ends_first()
    {
        var (_, user) = await node.NewUserAsync();
        var first = await user.SignInAsync();
        for (var i = 1; i < IUser.SessionsMax; i++)
        {
            await user.SignInAsync();
        }

        Assert.NotNull(await node.Authority(_clock).FindAsync(first.Value));
        var last = await user.SignInAsync();
        Assert.Null(await node.Authority(_clock).FindAsync(first.Value));
        Assert.Equal(IUser.SessionsMax, (await user.ListSessions()).Count);
        Assert.Equal(last.Session.Id, (await user.ListSessions())[0].Id);
    }

    [Fact]
    public async Task Nothing_tells_an_address_that_nobody_has_from_one_that_somebody_has()
    {
        var (info, _) = await node.NewUserAsync();
        string[] emails = [info.Email, People.NewEmail(), "no address at all"];
        List<Answer<CreatedSession>>[] answers = [.. emails.Select(static _ => new List<Answer<CreatedSession>>())];
        for (var i = 0; i < 6; i++)
        {
            await Task.WhenAll(emails.Zip(answers, async (email, list) =>
                list.Add(await node.Registry.SignInAsync(email, Wrong, "123456", People.From("192.0.2.9")))));
        }

        // The sixth is held up for all of them alike.
        Assert.All(answers, one => Assert.Equal([.. Enumerable.Repeat(AccountsFault.NotProved, 5), AccountsFault.TryLater], one.Select(static answer => answer.Fault)));
        Assert.All(answers, one => Assert.Equal(answers[0].Select(static answer => answer.Message), one.Select(static answer => answer.Message)));
        Assert.All(answers, static one => Assert.Equal(TimeSpan.FromSeconds(1), one[^1].RetryAfter));

        // Nor does one who looks at users find one there.
        Assert.Null(await node.Registry.FindByEmailAsync(emails[1]));
        Assert.Equal(info.Id, await node.Registry.FindByEmailAsync(emails[0]));
    }

    [Fact]
    public async Task Refusals_leave_in_steps_whoever_is_asked_for()
    {
        var (info, _) = await node.NewUserAsync();
        foreach (var email in new[] { info.Email, People.NewEmail() })
        {
            var begun = TimeProvider.System.GetTimestamp();
            await node.Registry.SignInAsync(email, Wrong, null, People.From("192.0.2.10"));

            // Timers may be early by a tick of the system's clock. How late they are says nothing of the work.
            Assert.True(TimeProvider.System.GetElapsedTime(begun) >= TimeSpan.FromMilliseconds(480));
        }
    }

    [Fact]
    public async Task The_right_password_is_held_up_where_guesses_come_from_and_nowhere_else()
    {
        var (_, user) = await node.NewUserAsync();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(AccountsFault.NotProved, (await user.SignIn(Wrong, null, People.From("2001:db8::1"))).Fault);
        }

        var held = await user.SignIn(People.Password, null, People.From("2001:db8::ffff:1"));
        Assert.Equal(AccountsFault.TryLater, held.Fault);
        Assert.Equal(TimeSpan.FromSeconds(1), held.RetryAfter);
        Assert.NotNull((await user.SignIn(People.Password, null, People.From("2001:db8:0:1::1"))).Value);
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await user.SignIn(People.Password, null, People.From("2001:db8::1"))).Value);
    }

    [Fact]
    public async Task Another_password_ends_all_other_sessions_and_is_the_only_one_that_is_good()
    {
        const string Next = "rain on the horse";
        var (_, user) = await node.NewUserAsync();
        var (kept, other) = (await user.SignInAsync(), await user.SignInAsync());
        Assert.Equal(AccountsFault.NotProved, (await user.ChangePassword(Wrong, Next, kept.Session.Id, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.ChangePassword(null, Next, kept.Session.Id, People.Admin)).Fault);
        Assert.Equal(AccountsFault.Invalid, (await user.ChangePassword(People.Password, "short", kept.Session.Id, People.Admin)).Fault);
        Assert.Equal(AccountsFault.None, (await user.ChangePassword(People.Password, Next, kept.Session.Id, People.Admin)).Fault);
        Assert.NotNull(await node.Authority(_clock).FindAsync(kept.Value));
        Assert.Null(await node.Authority(_clock).FindAsync(other.Value));
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, null, People.Admin)).Fault);
        Assert.NotNull((await user.SignIn(Next, null, People.Admin)).Value);
        Assert.Equal("change_password", (await user.ReadAudit(new(ResourceType: "user"))).Entries[0].Action);
        foreach (var entry in (await user.ReadAudit(new())).Entries)
        {
            Assert.DoesNotContain(Next, $"{entry.Before}{entry.After}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_password_ends_tokens_if_that_is_asked_for()
    {
        var (info, user) = await node.NewUserAsync();
        var settings = new TokenSettings(
            "own", [new("p", PolicyEffect.Allow, [PermissionGroups.FindFor(new(Product.UserDetails, AccessLevel.Read))!.Id], new Dictionary<string, string> { [ResourceName.User(info.Id).ToString()] = "*" })]);
        var made = (await user.CreateToken(settings, People.Admin)).Value!;
        Assert.Equal(AccountsFault.None, (await user.ChangePassword(People.Password, "rain on the horse", null, People.Admin)).Fault);
        Assert.NotNull(await node.Authority(_clock).FindAsync(made.Value));
        Assert.Equal(AccountsFault.NotProved, (await user.ChangePassword(Wrong, People.Password, null, People.Admin, endTokens: true)).Fault);
        Assert.NotNull(await node.Authority(_clock).FindAsync(made.Value));
        Assert.Equal(AccountsFault.None, (await user.ChangePassword("rain on the horse", People.Password, null, People.Admin, endTokens: true)).Fault);
        Assert.Null(await node.Authority(_clock).FindAsync(made.Value));
        Assert.Equal(0, (await user.ListTokens(0, 10)).Total);
        Assert.Equal(["change_password", "delete_tokens", "change_password"], (await user.ReadAudit(new(ResourceType: "user"))).Entries.Take(3).Select(static entry => entry.Action));
    }

    [Fact]
    public async Task A_session_that_an_old_password_was_to_begin_does_not_begin_after_the_change()
    {
        for (var i = 0; i < 10; i++)
        {
            var (_, user) = await node.NewUserAsync();
            var change = user.ChangePassword(People.Password, $"rain on the horse {i}", null, People.From("192.0.2.1"));
            var signIns = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => user.SignIn(People.Password, null, People.From($"192.0.2.{n + 2}"))));
            Assert.Equal(AccountsFault.None, (await change).Fault);

            // One that was faster has ended with the change.
            Assert.Empty(await user.ListSessions());
            foreach (var one in signIns.Where(static answer => answer.Value is not null))
            {
                Assert.Null(await node.Authority(_clock).FindAsync(one.Value!.Value));
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task No_password_at_all_lets_nobody_in(string? password)
    {
        var (info, user) = await node.NewUserAsync();
        Assert.Null((await user.SignIn(password!, null, People.Admin)).Value);
        var link = new UserLink("https://id.example.com", Guid.NewGuid().ToString());
        var without = (await node.Registry.RegisterAsync(new(People.NewEmail(), null, Link: link), Actor.System)).Value!;
        Assert.False(without.HasPassword);
        Assert.True(info.HasPassword);
        Assert.Null((await node.Users.GetByName(without.Id).SignIn(password!, null, People.Admin)).Value);
        Assert.Null((await node.Users.GetByName(without.Id).SignIn(People.Password, null, People.Admin)).Value);
    }

    [Fact]
    public async Task A_password_that_is_too_long_is_refused_before_any_work()
    {
        var (info, _) = await node.NewUserAsync();
        foreach (var email in new[] { info.Email, People.NewEmail() })
        {
            Assert.Equal(AccountsFault.Invalid, (await node.Registry.SignInAsync(email, new string('x', 1025), null, People.Admin)).Fault);
        }
    }

    private Decision Decide(KnownToken token, Permission permission, string userId) =>
        UserRights.Decide(token, null, permission, ResourceName.User(userId), IPAddress.Loopback, _clock.GetUtcNow());
}
