using System.Text.Json;

namespace Acceptance.SignIn;

/// <summary>Sign-in by OpenID Connect, from the first redirect to the last, at a provider that is certified for it.</summary>
public sealed class OidcSignInTests(SignInSite site) : IClassFixture<SignInSite>
{
    private static string NewName(string prefix = "user") => $"{prefix}-{Guid.NewGuid():n}";

    [Fact]
    public async Task Somebody_links_his_identity_and_signs_in_by_it_until_he_takes_it_away()
    {
        var name = NewName();
        var (email, token) = await SignInSite.NewUser(site.Strict, name);
        using var browser = new WebBrowser();
        var begun = await SignInSite.Call(site.Strict, HttpMethod.Post, "user/skerry/links", token: token, from: browser);
        var callback = await browser.PassProvider(new(begun.GetProperty("result").GetProperty("url").GetString()!), name);
        Assert.Equal(("linked", name), await SignInSite.End(site.Strict, browser, callback));

        var link = Assert.Single((await SignInSite.Call(site.Strict, HttpMethod.Get, "user/skerry/links", token: token)).GetProperty("result").EnumerateArray());
        Assert.Equal(site.Issuer, link.GetProperty("issuer").GetString());
        Assert.Equal(name, link.GetProperty("subject").GetString());
        var (told, session) = await SignInSite.SignIn(site.Strict, name);
        Assert.Equal("session", told);
        Assert.Equal(email, await SignInSite.WhoHas(site.Strict, session));

        var log = (await SignInSite.Call(site.Strict, HttpMethod.Get, "user/skerry/logs/audit", token: token)).GetProperty("result").EnumerateArray().ToList();
        Assert.Contains(log, one => one.GetProperty("action").GetProperty("type").GetString() == "sign_in_by_link");
        Assert.Contains(log, one => one.GetProperty("action").GetProperty("type").GetString() == "link");

        await SignInSite.Call(site.Strict, HttpMethod.Delete, "user/skerry/links", new { issuer = site.Issuer, subject = name }, token);
        Assert.Equal("problem", (await SignInSite.SignIn(site.Strict, name)).Name);
    }

    [Fact]
    public async Task An_identity_of_nobody_is_told_so_and_gets_no_user_though_its_address_is_somebodys()
    {
        var name = NewName();
        var (_, token) = await SignInSite.NewUser(site.Strict, name);
        var (told, problem) = await SignInSite.SignIn(site.Strict, name);
        Assert.Equal("problem", told);
        Assert.Contains("linked to no user", problem, StringComparison.Ordinal);
        Assert.Empty((await SignInSite.Call(site.Strict, HttpMethod.Get, "user/skerry/links", token: token)).GetProperty("result").EnumerateArray());
        Assert.Equal("problem", (await SignInSite.SignIn(site.Strict, NewName("stranger"))).Name);
    }

    [Fact]
    public async Task An_answer_is_good_in_the_browser_that_has_asked_and_once()
    {
        var name = NewName();
        using var mine = new WebBrowser();
        var callback = await SignInSite.Begin(site.Open, mine, name);

        // Somebody else is sent the answer, so that he works in the sender's name and does not know it.
        using var other = new WebBrowser();
        var (told, problem) = await SignInSite.End(site.Open, other, callback);
        Assert.Equal("problem", told);
        Assert.Contains("not begun in this browser", problem, StringComparison.Ordinal);
        await SignInSite.Begin(site.Open, other, NewName());
        Assert.Equal("problem", (await SignInSite.End(site.Open, other, callback)).Name);

        // An answer with another state takes nothing away from the one that is waited for.
        Assert.Equal("problem", (await SignInSite.End(site.Open, mine, new(callback.AbsoluteUri.Replace("state=", "state=x", StringComparison.Ordinal)))).Name);
        Assert.Equal("problem", (await SignInSite.End(site.Open, mine, new($"{callback.GetLeftPart(UriPartial.Path)}?code=x"))).Name);
        Assert.Equal("session", (await SignInSite.End(site.Open, mine, callback)).Name);
        Assert.Equal("problem", (await SignInSite.End(site.Open, mine, callback)).Name);
    }

    [Fact]
    public async Task A_code_is_good_once_even_with_a_copy_of_the_cookie()
    {
        using var browser = new WebBrowser();
        using var begun = await browser.Open(new($"{site.Open.ApiUrl}/sign-in/oidc"));
        var cookie = Assert.Single(begun.Headers.GetValues("Set-Cookie"));
        Assert.Contains("; path=/sign-in/oidc/callback; samesite=lax; httponly", cookie, StringComparison.Ordinal);
        var callback = await browser.PassProvider(begun.Headers.Location!, NewName());
        Assert.Equal("session", (await SignInSite.End(site.Open, browser, callback)).Name);

        using var copy = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(site.Open.ApiUrl), callback.PathAndQuery));
        copy.Headers.Add("Cookie", cookie[..cookie.IndexOf(';', StringComparison.Ordinal)]);
        using var answer = await browser.Send(copy);
        Assert.Contains("did%20not%20take%20its%20own%20code", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_changes_his_mind_at_the_provider_is_told_so()
    {
        var (told, problem) = await SignInSite.SignIn(site.Strict, null);
        Assert.Equal("problem", told);
        Assert.Contains("access_denied", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_was_begun_by_a_session_that_has_ended_is_not_made()
    {
        var name = NewName();
        var (_, token) = await SignInSite.NewUser(site.Strict, name);
        using var browser = new WebBrowser();
        var begun = await SignInSite.Call(site.Strict, HttpMethod.Post, "user/skerry/links", token: token, from: browser);
        var callback = await browser.PassProvider(new(begun.GetProperty("result").GetProperty("url").GetString()!), name);
        var session = Assert.Single((await SignInSite.Call(site.Strict, HttpMethod.Get, "user/skerry/sessions", token: token)).GetProperty("result").EnumerateArray());
        await SignInSite.Call(site.Strict, HttpMethod.Delete, $"user/skerry/sessions/{session.GetProperty("id").GetString()}", token: token);
        while ((await SignInSite.Call(site.Strict, HttpMethod.Get, "user", token: token)).GetProperty("success").GetBoolean())
        {
            // It ends everywhere within a second.
        }

        var (told, problem) = await SignInSite.End(site.Strict, browser, callback);
        Assert.Equal("problem", told);
        Assert.Contains("has ended", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_that_is_somebodys_is_nobody_elses()
    {
        var name = NewName();
        Assert.Equal("session", (await SignInSite.SignIn(site.Open, name)).Name);
        var (_, token) = await SignInSite.NewUser(site.Open, NewName());
        using var browser = new WebBrowser();
        var begun = await SignInSite.Call(site.Open, HttpMethod.Post, "user/skerry/links", token: token, from: browser);
        var callback = await browser.PassProvider(new(begun.GetProperty("result").GetProperty("url").GetString()!), name);
        var (told, problem) = await SignInSite.End(site.Open, browser, callback);
        Assert.Equal("problem", told);
        Assert.Contains("somebody else's", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_may_links_by_verified_addresses_and_by_no_others()
    {
        var name = NewName();
        var (email, _) = await SignInSite.NewUser(site.Open, name);
        var (told, session) = await SignInSite.SignIn(site.Open, name);
        Assert.Equal("session", told);
        Assert.Equal(email, await SignInSite.WhoHas(site.Open, session));

        var unverified = NewName("unverified");
        var (_, token) = await SignInSite.NewUser(site.Open, unverified);
        Assert.Equal("problem", (await SignInSite.SignIn(site.Open, unverified)).Name);
        Assert.Empty((await SignInSite.Call(site.Open, HttpMethod.Get, "user/skerry/links", token: token)).GetProperty("result").EnumerateArray());
    }

    [Fact]
    public async Task A_node_that_may_makes_users_with_verified_addresses_and_with_no_others()
    {
        var name = NewName();
        var (_, first) = await SignInSite.SignIn(site.Open, name);
        Assert.Equal($"{name}@example.com", await SignInSite.WhoHas(site.Open, first));
        var (told, second) = await SignInSite.SignIn(site.Open, name);
        Assert.Equal("session", told);
        Assert.Equal($"{name}@example.com", await SignInSite.WhoHas(site.Open, second));
        var found = await SignInSite.Call(site.Open, HttpMethod.Get, $"accounts/ACCOUNT/skerry/users?email={name}@example.com");
        Assert.False(Assert.Single(found.GetProperty("result").EnumerateArray()).GetProperty("has_password").GetBoolean());

        Assert.Equal("problem", (await SignInSite.SignIn(site.Open, NewName("unverified"))).Name);
    }

    [Fact]
    public async Task A_sign_in_may_end_at_another_node_than_it_was_begun_at()
    {
        var name = NewName();
        using var browser = new WebBrowser();
        var (told, session) = await SignInSite.End(site.Open, browser, await SignInSite.Begin(site.Strict, browser, name));
        Assert.Equal("session", told);
        Assert.Equal($"{name}@example.com", await SignInSite.WhoHas(site.Open, session));
    }

    [Fact]
    public async Task The_sign_in_page_is_told_by_what_people_can_sign_in()
    {
        using var browser = new WebBrowser();
        using var answer = await browser.Open(new($"{site.Strict.ApiUrl}/sign-in/methods"));
        Assert.Equal("""{"password":true,"passkeys":true,"oidc":{"name":"The tests' own"}}""", JsonElement.Parse(await answer.Content.ReadAsStringAsync()).ToString());
    }
}
