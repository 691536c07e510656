using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Skerry.Server.Tests.Management.SignIn;

/// <summary>How the provider is asked, and what becomes of answers that are none. Each test has a server of its own, for it remembers what it was told.</summary>
public sealed class OidcProviderTests : IAsyncLifetime
{
    private readonly SignInHost _host = new();

    private HostileProvider Provider => _host.Provider;

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task The_question_and_the_code_go_with_a_proof_key_and_the_clients_credentials()
    {
        using var browser = _host.NewBrowser();
        var asked = (await SignInHost.BeginAsync(browser)).Asked!;
        Assert.Equal("1", asked["tenant"]);
        Assert.Equal(("code", "openid email", HostileProvider.ClientId), (asked["response_type"], asked["scope"], asked["client_id"]));
        Assert.Equal($"{_host.Url}/sign-in/oidc/callback", asked["redirect_uri"]);
        Assert.Equal("S256", asked["code_challenge_method"]);

        await SignInHost.EndAsync(browser, $"code=the%20code&state={asked["state"]}");
        var (form, authorization) = Provider.Asked;
        Assert.Equal(("authorization_code", "the code", asked["redirect_uri"]), (form["grant_type"], form["code"], form["redirect_uri"]));
        Assert.Equal(asked["code_challenge"], Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]))));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{HostileProvider.ClientId}:{Uri.EscapeDataString(HostileProvider.ClientSecret)}")), authorization);
        Assert.DoesNotContain("client_secret", form.Keys);
    }

    [Fact]
    public async Task On_this_machine_the_browser_comes_back_to_the_name_that_it_has_come_by()
    {
        using var browser = _host.NewBrowser();
        browser.BaseAddress = new(_host.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        var asked = (await SignInHost.BeginAsync(browser)).Asked!;
        Assert.Equal($"{browser.BaseAddress}sign-in/oidc/callback", asked["redirect_uri"]);
        await SignInHost.EndAsync(browser, $"code=c&state={asked["state"]}");
        Assert.Equal(asked["redirect_uri"], Provider.Asked.Form["redirect_uri"]);
    }

    [Fact]
    public async Task A_provider_that_wants_the_secret_in_the_form_gets_it_there()
    {
        Provider.Description["token_endpoint_auth_methods_supported"] = new[] { "client_secret_post", "private_key_jwt" };
        Assert.StartsWith("session=", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
        Assert.Equal((HostileProvider.ClientId, HostileProvider.ClientSecret, ""), (Provider.Asked.Form["client_id"], Provider.Asked.Form["client_secret"], Provider.Asked.Authorization));
    }

    [Theory]
    [InlineData(SecurityAlgorithms.RsaSsaPssSha256)]
    [InlineData(SecurityAlgorithms.EcdsaSha256)]
    public async Task Other_algorithms_with_public_keys_are_accepted(string algorithm)
    {
        if (algorithm == SecurityAlgorithms.EcdsaSha256)
        {
            Provider.Key = new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "ec" };
        }

        Assert.StartsWith("session=", await _host.SignInAsync(right => Provider.Sign(right, algorithm)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_may_replace_its_key()
    {
        Assert.StartsWith("session=", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
        Provider.Key = HostileProvider.NewKey();
        Assert.StartsWith("session=", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_of_the_token_endpoint_are_not_followed()
    {
        await using var elsewhere = await HostileProvider.StartAsync();
        Provider.RedirectTo = $"{elsewhere.Issuer}/other";
        Assert.StartsWith("problem=The identity provider did not take", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
        Provider.RedirectTo = "/other";
        Assert.StartsWith("problem=The identity provider did not take", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
        Assert.Equal((0, 0), (elsewhere.Followed, Provider.Followed));
    }

    [Fact]
    public async Task Of_an_answer_not_more_than_a_mebibyte_is_read()
    {
        var right = Provider.Answer;
        Provider.Answer = token => right(token) + new string(' ', 1 << 20);
        Assert.StartsWith("problem=The identity provider does not answer as it should", await _host.SignInAsync(claims => Provider.Sign(claims)), StringComparison.Ordinal);
        Provider.Answer = token => right(token) + new string(' ', 1 << 19);
        Assert.StartsWith("session=", await _host.SignInAsync(claims => Provider.Sign(claims)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_are_no_JSON_or_have_no_token_are_none()
    {
        foreach (var answer in new[] { "", "[]", "null", "<html>", """{"error":"x"}""", """{"id_token":1}""", """{"access_token":"x"}""" })
        {
            Provider.Answer = _ => answer;
            Assert.StartsWith("problem=", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_provider_is_not_asked_more_often_than_people_sign_in()
    {
        var asked = 0;
        Provider.Answer = _ => $"{Interlocked.Increment(ref asked)}";
        var begun = new List<(HttpClient Browser, string State)>();
        for (var i = 0; i < 60; i++)
        {
            var browser = _host.NewBrowser(from: 250);
            var (at, told) = await SignInHost.BeginAsync(browser);
            if (at is null)
            {
                Assert.Contains("Too many sign-ins", told, StringComparison.Ordinal);
                browser.Dispose();
                break;
            }

            begun.Add((browser, at["state"]));
        }

        Assert.InRange(begun.Count, 1, 59);

        // All at once, so that not much is forgotten meanwhile.
        var ends = await Task.WhenAll(begun.Select(static one => SignInHost.EndAsync(one.Browser, $"code=c&state={one.State}")));
        begun.ForEach(static one => one.Browser.Dispose());
        Assert.Contains(ends, static one => one.Contains("Too many sign-ins", StringComparison.Ordinal));
        Assert.Equal(ends.Count(static one => one.Contains("does not answer as it should", StringComparison.Ordinal)), asked);

        // From elsewhere it goes on.
        var before = asked;
        await _host.SignInAsync(right => Provider.Sign(right));
        Assert.Equal(before + 1, asked);
    }

    [Fact]
    public async Task An_answer_in_anothers_name_is_refused()
    {
        using var browser = _host.NewBrowser();
        var asked = (await SignInHost.BeginAsync(browser)).Asked!;
        Assert.StartsWith(
            "problem=The answer is not the identity provider's", await SignInHost.EndAsync(browser, $"code=c&state={asked["state"]}&iss=https%3A%2F%2Felsewhere.example.com"), StringComparison.Ordinal);
        Assert.Null(Provider.Asked.Form);
    }

    [Theory]
    [InlineData("issuer", "https://elsewhere.example.com")]
    [InlineData("issuer", null)]
    [InlineData("token_endpoint", "http://192.0.2.1/token")]
    [InlineData("authorization_endpoint", "javascript:alert(1)")]
    [InlineData("authorization_endpoint", null)]
    [InlineData("jwks_uri", "file:///etc/passwd")]
    public async Task A_provider_that_describes_itself_wrongly_is_asked_again_when_somebody_else_comes(string member, string? value)
    {
        Provider.Description[member] = value;
        using var browser = _host.NewBrowser();
        Assert.StartsWith("problem=The identity provider cannot be reached", (await SignInHost.BeginAsync(browser)).Told, StringComparison.Ordinal);
        Provider.Description.Clear();
        Assert.StartsWith("session=", await _host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);
    }
}
