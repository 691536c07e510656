using System.Net.Http.Headers;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Skerry.Server.Configuration;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// The OpenID Connect provider: where it wants browsers to go, and what it gives for the codes that they bring back.
/// Thread-safe.
/// </summary>
internal sealed class OidcProvider : IDisposable
{
    // Descriptions, keys and tokens have a few kilobytes.
    private const int AnswerBytesMax = 1 << 20;
    private const int CodeCharsMax = 4096;
    private const int ConnectionsMax = 16;
    private const int WaitingMax = 64;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly SignInOptions _options;
    private readonly HttpClient _http;
    private readonly OidcDiscovery _discovery;
    private readonly IdTokenCheck _check;

    // Few enough for a provider, from however many addresses they come.
    private readonly ConcurrencyLimiter _limiter = new(new()
    {
        PermitLimit = ConnectionsMax,
        QueueLimit = WaitingMax,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Takes the settings; asks nobody yet.</summary>
    public OidcProvider(SkerryServerOptions options)
    {
        _options = options.SignIn;
        var issuer = _options.OidcIssuer!;

        // Redirects are not followed: what was checked is where we ask, and a secret goes nowhere else.
        _http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            MaxConnectionsPerServer = ConnectionsMax,
            PooledConnectionLifetime = ConnectionLifetime,
        })
        {
            Timeout = AnswerTimeout,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        _discovery = new(issuer, _http);
        _check = new(issuer, _options.OidcClientId!, _discovery);
    }

    /// <summary>What people call it.</summary>
    public string Name => _options.OidcName ?? new Uri(_options.OidcIssuer!).Host;

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _limiter.Dispose();
    }

    /// <summary>Where the browser goes to begin.</summary>
    /// <exception cref="OidcException">The provider does not say.</exception>
    public async Task<string> AddressForAsync(PendingSignIn pending, CancellationToken cancel) => QueryHelpers.AddQueryString(
        (await _discovery.DescribeAsync(cancel)).AuthorizationEndpoint,
        new Dictionary<string, string?>
        {
            ["client_id"] = _options.OidcClientId,
            ["response_type"] = OpenIdConnectResponseType.Code,
            ["scope"] = "openid email",
            ["redirect_uri"] = pending.RedirectUri,
            ["state"] = pending.State,
            ["nonce"] = pending.Nonce,
            ["code_challenge"] = pending.Challenge,
            ["code_challenge_method"] = "S256",
        });

    /// <summary>Redeems the code that a browser has brought back.</summary>
    /// <param name="code">The code.</param>
    /// <param name="issuer">Who has given it, if the browser brought that too (RFC 9207).</param>
    /// <param name="pending">What was begun.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OidcException">The provider says nothing, or nothing that is accepted.</exception>
    public async Task<OidcIdentity> RedeemAsync(string code, string? issuer, PendingSignIn pending, CancellationToken cancel)
    {
        if (code.Length is 0 or > CodeCharsMax || (issuer is not null && issuer != _options.OidcIssuer))
        {
            throw new OidcException("The answer is not the identity provider's.");
        }

        using var lease = await _limiter.AcquireAsync(1, cancel);
        if (!lease.IsAcquired)
        {
            throw new OidcException("Too many people sign in at this moment; try again.");
        }

        var answer = await ExchangeAsync(await _discovery.DescribeAsync(cancel), code, pending, cancel);
        return await _check.CheckAsync(answer, pending.Nonce, cancel);
    }

    private async Task<OpenIdConnectMessage> ExchangeAsync(OpenIdConnectConfiguration described, string code, PendingSignIn pending, CancellationToken cancel)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = OpenIdConnectGrantTypes.AuthorizationCode,
            ["code"] = code,
            ["redirect_uri"] = pending.RedirectUri,
            ["code_verifier"] = pending.Verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, described.TokenEndpoint);

        // The default (OpenID Connect Discovery, 3), unless the provider says that it takes the other way and not this.
        if (described.TokenEndpointAuthMethodsSupported is { Count: > 0 } methods && !methods.Contains("client_secret_basic") && methods.Contains("client_secret_post"))
        {
            (form["client_id"], form["client_secret"]) = (_options.OidcClientId!, _options.OidcClientSecret!);
        }
        else
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(
                Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(_options.OidcClientId!)}:{Uri.EscapeDataString(_options.OidcClientSecret!)}")));
        }

        request.Content = new FormUrlEncodedContent(form);
        try
        {
            using var response = await _http.SendAsync(request, cancel);
            var text = await response.Content.ReadAsStringAsync(cancel);
            return response.IsSuccessStatusCode ? new(text)
                : throw new OidcException("The identity provider did not take its own code, or not from this node; begin again. The node's log says more.",
                    new HttpRequestException($"The token endpoint {described.TokenEndpoint} answered {(int)response.StatusCode}: {Short(text)}"));
        }
        catch (Exception e) when ((e is HttpRequestException or ArgumentException or System.Text.Json.JsonException or TaskCanceledException) && !cancel.IsCancellationRequested)
        {
            throw new OidcException("The identity provider does not answer as it should; the node's log says why.", e);
        }
    }

    private static string Short(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
