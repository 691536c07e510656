using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Acceptance.SeatMap;
using Skerry.Objects.Tests.Fleet;

namespace Acceptance.SignIn;

/// <summary>A provider, a node that lets in only whom it knows, and one that links and makes users by verified addresses.</summary>
public sealed class SignInSite : IAsyncLifetime
{
    public const string Password = "a horse in the rain";

    private OidcProviderProcess? _provider;

    public SkerryNode Strict { get; private set; } = null!;

    /// <summary>It says that browsers reach it at the other's address, as nodes behind one proxy do.</summary>
    public SkerryNode Open { get; private set; } = null!;

    public string Issuer => _provider!.Issuer;

    public async ValueTask InitializeAsync()
    {
        var address = $"http://127.0.0.1:{FreePort.Next()}";
        _provider = await OidcProviderProcess.StartAsync($"{address}/sign-in/oidc/callback");
        string[] settings =
        [
            "--sign-in-oidc-issuer", Issuer, "--sign-in-oidc-client-id", OidcProviderProcess.ClientId, "--sign-in-oidc-client-secret", OidcProviderProcess.ClientSecret,
        ];
        Strict = new SkerryNode([.. settings, "--sign-in-oidc-name", "The tests' own"]) { ApiUrl = address };
        Open = new SkerryNode([.. settings, "--sign-in-url", address, "--sign-in-oidc-link-by-email", "true", "--sign-in-oidc-create-users", "true"]);
        await Strict.Start();
        await Open.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await Strict.DisposeAsync();
        await Open.DisposeAsync();
        _provider?.Dispose();
    }

    /// <summary>Calls the API with a token; the owner's if none is given.</summary>
    internal static async Task<JsonElement> Call(SkerryNode node, HttpMethod method, string path, object? body = null, string? token = null, WebBrowser? from = null)
    {
        var credentials = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(node.Data, "credentials.json")));
        using var request = new HttpRequestMessage(method, $"{node.ApiUrl}/client/v4/{path.Replace("ACCOUNT", credentials.GetProperty("account_id").GetString(), StringComparison.Ordinal)}")
        {
            Content = body is null ? null : JsonContent.Create(body),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? credentials.GetProperty("api_token").GetString());
        using var browser = new WebBrowser();
        using var response = await (from ?? browser).Send(request);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync());
    }

    /// <summary>Somebody with a password, and a token of his.</summary>
    internal static async Task<(string Email, string Token)> NewUser(SkerryNode node, string name)
    {
        var email = $"{name}@example.com";
        var made = await Call(node, HttpMethod.Post, "accounts/ACCOUNT/skerry/users", new { email, password = Password });
        Assert.True(made.GetProperty("success").GetBoolean(), made.ToString());
        var session = await Call(node, HttpMethod.Post, "skerry/sign-in", new { email, password = Password });
        return (email, session.GetProperty("result").GetProperty("token").GetString()!);
    }

    /// <summary>Begins a sign-in, and passes the provider; answers where it sends the browser back to.</summary>
    internal static async Task<Uri> Begin(SkerryNode node, WebBrowser browser, string? login)
    {
        using var begun = await browser.Open(new($"{node.ApiUrl}/sign-in/oidc"));
        return await browser.PassProvider(begun.Headers.Location!, login);
    }

    /// <summary>Ends a sign-in at a node; answers what the page is told.</summary>
    internal static async Task<(string Name, string Value)> End(SkerryNode node, WebBrowser browser, Uri callback)
    {
        using var ended = await browser.Open(new(new Uri(node.ApiUrl), callback.PathAndQuery));
        Assert.Equal("no-store", ended.Headers.GetValues("Cache-Control").Single());
        Assert.Equal("no-referrer", ended.Headers.GetValues("Referrer-Policy").Single());
        var parts = ended.Headers.Location!.OriginalString.Split('#', '=');
        Assert.Equal("/account", parts[0]);
        return (parts[1], Uri.UnescapeDataString(parts[2]));
    }

    /// <summary>A sign-in from the first page to the last.</summary>
    internal static async Task<(string Name, string Value)> SignIn(SkerryNode node, string? login)
    {
        using var browser = new WebBrowser();
        return await End(node, browser, await Begin(node, browser, login));
    }

    /// <summary>The e-mail address of the user whose token it is.</summary>
    internal static async Task<string?> WhoHas(SkerryNode node, string token) =>
        (await Call(node, HttpMethod.Get, "user", token: token)).GetProperty("result").GetProperty("email").GetString();
}
