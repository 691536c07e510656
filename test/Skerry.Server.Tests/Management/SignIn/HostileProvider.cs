using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Skerry.Server.Tests.Management.SignIn;

/// <summary>
/// A provider that says whatever a test has it say, with real keys, on a real socket. As it is at first it does everything right.
/// </summary>
public sealed class HostileProvider : IAsyncDisposable
{
    public const string ClientId = "skerry";
    public const string ClientSecret = "a secret of more than thirty-two characters";
    public const string AccessToken = "of no use";

    private readonly WebApplication _app;

    private HostileProvider(WebApplication app)
    {
        _app = app;
        Answer = token => JsonSerializer.Serialize(new { access_token = AccessToken, token_type = "Bearer", id_token = token });
    }

    /// <summary>Its issuer, and where it is.</summary>
    public string Issuer => _app.Urls.Single();

    /// <summary>The key that it signs with, and shows.</summary>
    public SecurityKey Key { get; set; } = NewKey();

    /// <summary>What it says of itself beside what is right; null takes a member away.</summary>
    public Dictionary<string, object?> Description { get; } = [];

    /// <summary>The token that the next code is worth.</summary>
    public string Token { get; set; } = "";

    /// <summary>What the token endpoint answers of a token.</summary>
    public Func<string, string> Answer { get; set; }

    /// <summary>Where the token endpoint sends its askers; null: nowhere.</summary>
    public string? RedirectTo { get; set; }

    /// <summary>What came to the token endpoint last: the form and the credentials.</summary>
    public (Dictionary<string, string> Form, string Authorization) Asked { get; private set; }

    /// <summary>How often somebody has followed a redirect.</summary>
    public int Followed { get; private set; }

    public static async Task<HostileProvider> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var app = builder.Build();
        var provider = new HostileProvider(app);
        app.Run(provider.Serve);
        await app.StartAsync();
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    public static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString() };

    /// <summary>Signs claims.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="algorithm">By which algorithm; null: by none.</param>
    /// <param name="key">By which key; null: by its own.</param>
    public string Sign(Dictionary<string, object?> claims, string? algorithm = SecurityAlgorithms.RsaSha256, SecurityKey? key = null)
    {
        var payload = JsonSerializer.Serialize(claims.Where(static one => one.Value is not null).ToDictionary());
        return algorithm is null ? new JsonWebTokenHandler().CreateToken(payload) : new JsonWebTokenHandler().CreateToken(payload, new SigningCredentials(key ?? Key, algorithm));
    }

    private async Task Serve(HttpContext http)
    {
        switch (http.Request.Path.Value)
        {
            case "/.well-known/openid-configuration":
                var description = new Dictionary<string, object?>
                {
                    ["issuer"] = Issuer,
                    ["authorization_endpoint"] = Issuer + "/authorize?tenant=1",
                    ["token_endpoint"] = Issuer + "/token",
                    ["jwks_uri"] = Issuer + "/keys",
                };
                foreach (var (name, value) in Description)
                {
                    description[name] = value;
                }

                await http.Response.WriteAsJsonAsync(description);
                break;
            case "/keys":
                var key = JsonWebKeyConverter.ConvertFromSecurityKey(Key);
                await http.Response.WriteAsJsonAsync(new { keys = new[] { new { kty = key.Kty, kid = key.Kid, n = key.N, e = key.E, crv = key.Crv, x = key.X, y = key.Y } } });
                break;
            case "/token" when RedirectTo is { } address:
                http.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
                http.Response.Headers.Location = address;
                break;
            case "/token":
                var form = await http.Request.ReadFormAsync();
                Asked = (form.ToDictionary(static one => one.Key, static one => one.Value.ToString()), http.Request.Headers.Authorization.ToString());
                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(Answer(Token));
                break;
            default:
                Followed++;
                break;
        }
    }
}
