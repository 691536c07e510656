using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Skerry.Server.Configuration;
using Skerry.Server.Hosting;
using Skerry.Server.Management.SignIn;

namespace Skerry.Server.Tests.Management.SignIn;

public sealed class SignInCookieTests : IDisposable
{
    private const string Back = "https://skerry.example.com/sign-in/oidc/callback";

    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));

    public void Dispose() => _random.Dispose();

    [Fact]
    public void What_was_sealed_is_opened_by_any_node_with_the_same_settings_for_ten_minutes()
    {
        var pending = PendingSignIn.Begin(Back, new string('a', 64), "tab", _random, _clock);
        var value = Cookie().Seal(pending);
        Assert.Equal(pending, Cookie().Open(value));
        Assert.Equal(pending with { LinkTo = null }, Cookie().Open(Cookie().Seal(pending with { LinkTo = null })));
        Assert.NotEqual(value, Cookie().Seal(pending));
        Assert.InRange(value.Length, 1, 1024);
        _clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.NotNull(Cookie().Open(value));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Null(Cookie().Open(value));
    }

    [Fact]
    public void Nothing_else_is_opened()
    {
        var value = Cookie().Seal(PendingSignIn.Begin(Back, null, null, _random, _clock));
        Assert.Null(Cookie(secret: "another secret of the client").Open(value));
        Assert.Null(Cookie(issuer: "https://elsewhere.example.com").Open(value));
        Assert.Null(Cookie(client: "another").Open(value));
        Assert.All(["", "x", "AAAA", "%%%%", new string('A', 64), new string('A', 4000), value[..^4], value + "AAAA"], one => Assert.Null(Cookie().Open(one)));
        for (var i = 0; i < value.Length; i++)
        {
            var changed = value[..i] + (value[i] == 'A' ? 'B' : 'A') + value[(i + 1)..];

            // The last character has bits that stand for nothing.
            Assert.True(i == value.Length - 1 || Cookie().Open(changed) is null, $"character {i}");
        }
    }

    private SignInCookie Cookie(string secret = "the secret of the client", string issuer = "https://id.example.com", string client = "skerry")
    {
        var options = new SkerryServerOptions();
        (options.SignIn.OidcIssuer, options.SignIn.OidcClientId, options.SignIn.OidcClientSecret) = (issuer, client, secret);
        return new(options, new(options, new ManagementAddress(null)), _random, _clock);
    }
}
