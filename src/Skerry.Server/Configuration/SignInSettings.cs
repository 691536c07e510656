using System.Globalization;
using System.Net;

namespace Skerry.Server.Configuration;

/// <summary>The settings of signing in; part of <see cref="SettingTable"/>.</summary>
internal static class SignInSettings
{
    // A user's link has room for so much of an issuer; see UserLink.
    private const int IssuerCharsMax = 255;
    private const int ClientIdCharsMax = 255;
    private const int NameCharsMax = 64;

    // Cookies are sealed by the secret, so whoever has one could try secrets that a person has thought of.
    private const int SecretCharsMin = 16;
    private const int SecretCharsMax = 1024;

    /// <summary>The settings in the order of the help text.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("sign_in.url", "URL", "where browsers reach the management API (default api_url)", static (options, value) =>
        {
            var ok = TryParse(value, out var url) && url.PathAndQuery == "/";
            options.SignIn.Url = ok ? url : options.SignIn.Url;
            return ok ? null : "is not accepted; accepted is https://HOST[:PORT], or http://HOST[:PORT] for a HOST on loopback";
        }),
        new("sign_in.oidc_issuer", "URL", "OpenID Connect provider (default none)", static (options, value) =>
        {
            // The text is kept, for tokens have to name the issuer exactly so: a URL's own spelling may end differently.
            var ok = value.Length <= IssuerCharsMax && TryParse(value, out var url) && url.Query.Length == 0;
            options.SignIn.OidcIssuer = ok ? value : options.SignIn.OidcIssuer;
            return ok ? null : $"is no issuer; accepted is https://HOST[:PORT][/PATH], or http:// for a HOST on loopback, up to {IssuerCharsMax} characters";
        }),
        Text("sign_in.oidc_client_id", "ID", "as whom the provider knows this cluster", 1, ClientIdCharsMax, static (options, value) => options.SignIn.OidcClientId = value),
        Text("sign_in.oidc_client_secret", "SECRET", "the client's secret; better in the environment or a file", SecretCharsMin, SecretCharsMax,
            static (options, value) => options.SignIn.OidcClientSecret = value) with { IsSecret = true },
        Text("sign_in.oidc_name", "NAME", "what people call the provider (default its host)", 1, NameCharsMax, static (options, value) => options.SignIn.OidcName = value),
        Boolean("sign_in.oidc_link_by_email", "link users by verified e-mail address (default false)", static (options, value) => options.SignIn.OidcLinkByEmail = value),
        Boolean("sign_in.oidc_create_users", "make users with verified e-mail addresses (default false)", static (options, value) => options.SignIn.OidcCreateUsers = value),
    ];

    /// <summary>What single settings cannot show: whether they fit together. One line each, with what to do.</summary>
    public static IEnumerable<string> Check(SkerryServerOptions options)
    {
        var signIn = options.SignIn;
        string?[] client = [signIn.OidcIssuer, signIn.OidcClientId, signIn.OidcClientSecret];
        if (client.Any(static one => one is not null) && client.Any(static one => one is null))
        {
            yield return "sign_in.oidc_issuer, sign_in.oidc_client_id and sign_in.oidc_client_secret go together; set all three, or none";
        }

        if (client.All(static one => one is null) && (signIn.OidcName is not null || signIn.OidcLinkByEmail || signIn.OidcCreateUsers))
        {
            yield return "sign_in.oidc_name, sign_in.oidc_link_by_email or sign_in.oidc_create_users is set and sign_in.oidc_issuer is not; there is no provider that it could be about";
        }
    }

    /// <summary>Whether what goes to a URL is safe on its way: by TLS, or on this machine.</summary>
    public static bool IsSafe(Uri url) => url.Scheme == Uri.UriSchemeHttps
        || (url.Scheme == Uri.UriSchemeHttp && (url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(url.Host.AsSpan().Trim("[]"), out var address) && IPAddress.IsLoopback(address))));

    private static bool TryParse(string text, out Uri url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url!) && IsSafe(url) && url.UserInfo.Length == 0 && !text.Contains('#', StringComparison.Ordinal)
            && !text.Any(static one => char.IsControl(one) || char.IsWhiteSpace(one));

    private static Setting Text(string key, string valueName, string summary, int min, int max, Action<SkerryServerOptions, string> set) =>
        new(key, valueName, summary, (options, value) =>
        {
            if (value.Length < min || value.Length > max || string.IsNullOrWhiteSpace(value) || value.Any(char.IsControl))
            {
                return string.Create(CultureInfo.InvariantCulture, $"is not accepted; accepted are {min} to {max} characters, none of them a control character");
            }

            set(options, value);
            return null;
        });

    private static Setting Boolean(string key, string summary, Action<SkerryServerOptions, bool> set) => new(key, "BOOLEAN", summary, (options, value) =>
    {
        if (value is not ("true" or "True" or "false" or "False"))
        {
            return "is not accepted; accepted are true and false";
        }

        set(options, value is "true" or "True");
        return null;
    });
}
