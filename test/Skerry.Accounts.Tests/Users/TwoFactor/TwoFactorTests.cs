using OtpNet;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users.TwoFactor;

public sealed class TwoFactorTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private int _address;

    [Fact]
    public async Task An_app_that_was_enrolled_is_asked_for_a_code_and_each_code_is_good_once()
    {
        var (info, user) = await node.NewUserAsync();
        var app = await BeginAsync(user, info.Email);
        Assert.False((await user.Get())!.TwoFactorEnabled);
        Assert.NotNull((await user.SignIn(People.Password, null, Somewhere())).Value);

        var code = Code(app);
        Assert.Equal(10, (await user.ConfirmTwoFactor(code, People.Admin)).Value!.Codes.Count);
        Assert.True((await user.Get())!.TwoFactorEnabled);
        Assert.Equal(AccountsFault.CodeNeeded, (await user.SignIn(People.Password, null, Somewhere())).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn("not the password", null, Somewhere())).Fault);

        // The code that has enrolled it is used up.
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, code, Somewhere())).Fault);
        node.Clock.Advance(TimeSpan.FromSeconds(30));
        var next = Code(app);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn("not the password", next, Somewhere())).Fault);
        Assert.NotNull((await user.SignIn(People.Password, $"{next[..3]} {next[3..]}", Somewhere())).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, next, Somewhere())).Fault);

        // Nor is one good that is older than one that was used, though a clock may be a step late.
        node.Clock.Advance(TimeSpan.FromSeconds(60));
        var (late, now) = (Code(app, -1), Code(app));
        Assert.NotNull((await user.SignIn(People.Password, now, Somewhere())).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, late, Somewhere())).Fault);
        node.Clock.Advance(TimeSpan.FromSeconds(90));
        Assert.NotNull((await user.SignIn(People.Password, Code(app, -1), Somewhere())).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, Code(app, -3), Somewhere())).Fault);
    }

    [Fact]
    public async Task Of_those_who_use_one_code_at_once_one_gets_in()
    {
        var (info, user) = await node.NewUserAsync();
        var app = await EnableAsync(user, info.Email);
        var code = Code(app);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => user.SignIn(People.Password, code, Somewhere())));
        Assert.Single(answers, static one => one.Value is not null);
    }

    [Fact]
    public async Task A_recovery_code_is_good_once_however_it_is_typed()
    {
        var (info, user) = await node.NewUserAsync();
        var app = await BeginAsync(user, info.Email);
        var codes = (await user.ConfirmTwoFactor(Code(app), People.Admin)).Value!.Codes;
        Assert.Equal(10, codes.Distinct().Count());
        Assert.NotNull((await user.SignIn(People.Password, codes[0], Somewhere())).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, codes[0], Somewhere())).Fault);
        Assert.NotNull((await user.SignIn(People.Password, codes[1].ToUpperInvariant().Replace('-', ' '), Somewhere())).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, codes[1], Somewhere())).Fault);
    }

    [Fact]
    public async Task Codes_cannot_be_guessed_by_whoever_has_the_password()
    {
        var (info, user) = await node.NewUserAsync();
        var app = await EnableAsync(user, info.Email);
        var there = People.From("203.0.113.77");
        for (var i = 0; i < 5; i++)
        {
            // To ask without a code is no guess, and must not wipe out those that were.
            Assert.Equal(AccountsFault.CodeNeeded, (await user.SignIn(People.Password, null, there)).Fault);
            Assert.Equal(AccountsFault.NotProved, (await user.SignIn(People.Password, "abcdef", there)).Fault);
        }

        Assert.Equal(AccountsFault.TryLater, (await user.SignIn(People.Password, Code(app), there)).Fault);
        Assert.NotNull((await user.SignIn(People.Password, Code(app), Somewhere())).Value);
    }

    [Fact]
    public async Task It_is_disabled_by_the_password_and_not_begun_twice()
    {
        var (info, user) = await node.NewUserAsync();
        Assert.Equal(AccountsFault.NotFound, (await user.DisableTwoFactor(People.Password, People.Admin)).Fault);
        await EnableAsync(user, info.Email);
        Assert.Equal(AccountsFault.Taken, (await user.BeginTwoFactor()).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.DisableTwoFactor("not the password", People.Admin)).Fault);
        Assert.True((await user.Get())!.TwoFactorEnabled);
        Assert.False((await user.DisableTwoFactor(People.Password, People.Admin)).Value!.TwoFactorEnabled);
        Assert.NotNull((await user.SignIn(People.Password, null, Somewhere())).Value);
        Assert.Equal(
            ["enable_two_factor", "disable_two_factor"],
            (await user.ReadAudit(new(ResourceType: "user", Ascending: true))).Entries.Skip(1).Select(static entry => entry.Action));
    }

    [Fact]
    public async Task An_enrolment_that_was_left_alone_or_begun_anew_is_not_confirmed()
    {
        var (info, user) = await node.NewUserAsync();
        var first = await BeginAsync(user, info.Email);
        var second = await BeginAsync(user, info.Email);
        Assert.Equal(AccountsFault.NotProved, (await user.ConfirmTwoFactor(Code(first), People.Admin)).Fault);
        node.Clock.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(AccountsFault.NotProved, (await user.ConfirmTwoFactor(Code(second), People.Admin)).Fault);
        Assert.False((await user.Get())!.TwoFactorEnabled);
    }

    [Fact]
    public async Task Without_a_password_there_is_nothing_to_ask_a_code_besides()
    {
        var info = (await node.Registry.RegisterAsync(new(People.NewEmail(), null, Link: new("https://id.example.com", Guid.NewGuid().ToString())), People.Admin)).Value!;
        Assert.Equal(AccountsFault.Invalid, (await node.Users.GetByName(info.Id).BeginTwoFactor()).Fault);
    }

    private static async Task<Totp> BeginAsync(IUser user, string email)
    {
        var begun = (await user.BeginTwoFactor()).Value!;
        Assert.StartsWith("otpauth://totp/", begun.Uri, StringComparison.Ordinal);
        Assert.Contains($"secret={begun.Secret}", begun.Uri, StringComparison.Ordinal);
        Assert.Contains(Uri.EscapeDataString(email), begun.Uri, StringComparison.OrdinalIgnoreCase);
        var secret = Base32Encoding.ToBytes(begun.Secret);
        Assert.Equal(20, secret.Length);
        return new(secret);
    }

    private async Task<Totp> EnableAsync(IUser user, string email)
    {
        var app = await BeginAsync(user, email);
        Assert.NotNull((await user.ConfirmTwoFactor(Code(app), People.Admin)).Value);
        node.Clock.Advance(TimeSpan.FromSeconds(30));
        return app;
    }

    private string Code(Totp app, int steps = 0) => app.ComputeTotp(node.Clock.GetUtcNow().UtcDateTime.AddSeconds(30 * steps));

    // Never the same network, so that nothing is held up.
    private Accounts.Audit.Actor Somewhere() => People.From($"198.51.100.{Interlocked.Increment(ref _address)}");
}
