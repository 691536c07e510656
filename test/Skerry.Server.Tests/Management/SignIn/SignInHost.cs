using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Skerry.Server.Configuration;
using Skerry.Server.Hosting;

namespace Skerry.Server.Tests.Management.SignIn;

/// <summary>A whole server in this process, and the provider that it believes.</summary>
public sealed class SignInHost : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-sign-in-");
    private SkerryHost? _host;
    private int _browsers;

    public HostileProvider Provider { get; private set; } = null!;

    public string Url => _host!.ApiUrl;

    public async ValueTask InitializeAsync()
    {
        Provider = await HostileProvider.StartAsync();
        var options = new SkerryServerOptions
        {
            DataFolder = _folder.FullName,
            ApiUrl = ListenUrl.Loopback(0),
            GatewayUrl = ListenUrl.Loopback(0),
            LogLevel = LogLevel.None,
        };
        (options.SignIn.OidcIssuer, options.SignIn.OidcClientId, options.SignIn.OidcClientSecret) = (Provider.Issuer, HostileProvider.ClientId, HostileProvider.ClientSecret);
        options.SignIn.OidcCreateUsers = true;
        _host = await SkerryHost.StartAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            await _host.DisposeAsync();
        }

        await Provider.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Somebody's browser, which goes only where it is told, at an address of its own: sign-ins are counted by it.</summary>
    /// <param name="from">The last part of that address; null: one that no other has.</param>
    internal HttpClient NewBrowser(byte? from = null)
    {
        var address = new IPEndPoint(new IPAddress([127, 0, 1, from ?? (byte)Interlocked.Increment(ref _browsers)]), 0);
        return new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancel) =>
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(address);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new(Url),
        };
    }

    /// <summary>Begins; answers what the provider is asked for, or null and what the page is told.</summary>
    internal static async Task<(Dictionary<string, string>? Asked, string Told)> BeginAsync(HttpClient browser)
    {
        using var begun = await browser.GetAsync(new Uri("/sign-in/oidc", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
        var to = begun.Headers.Location!;
        return to.IsAbsoluteUri ? (QueryHelpers.ParseQuery(to.Query).ToDictionary(static one => one.Key, static one => one.Value.ToString()), "") : (null, Told(to));
    }

    /// <summary>Comes back; answers what the page is told.</summary>
    internal static async Task<string> EndAsync(HttpClient browser, string query)
    {
        using var ended = await browser.GetAsync(new Uri($"/sign-in/oidc/callback?{query}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Redirect, ended.StatusCode);
        return Told(ended.Headers.Location!);
    }

    /// <summary>Signs in, with a token that a test makes of the right claims.</summary>
    internal async Task<string> SignInAsync(Func<Dictionary<string, object?>, string> token)
    {
        using var browser = NewBrowser();
        var (asked, told) = await BeginAsync(browser);
        Assert.True(asked is not null, told);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var subject = Guid.NewGuid().ToString();
        Provider.Token = token(new()
        {
            ["iss"] = Provider.Issuer,
            ["sub"] = subject,
            ["aud"] = HostileProvider.ClientId,
            ["iat"] = now,
            ["exp"] = now + 300,
            ["nonce"] = asked["nonce"],
            ["email"] = $"{subject}@example.com",
            ["email_verified"] = true,
        });
        return await EndAsync(browser, $"code=c&state={asked["state"]}");
    }

    private static string Told(Uri page)
    {
        Assert.StartsWith("/account#", page.OriginalString, StringComparison.Ordinal);
        return Uri.UnescapeDataString(page.OriginalString["/account#".Length..]);
    }
}
