using System.Security.Cryptography;
using Skerry.Accounts.Tokens;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// The authorization code flow (OpenID Connect Core, 3.1) with a proof key (RFC 7636), from this side:
/// <list type="number">
/// <item>The browser gets a cookie, and goes to the provider.</item>
/// <item>It comes back with that cookie, the state that is in it, and a code. Without any of these it goes no further.</item>
/// <item>The code is redeemed for a token, which is checked.</item>
/// </list>
/// </summary>
internal sealed class OidcFlow(
    OidcProvider provider, SignInAddress address, SignInCookie cookie, SignInRates rates, RandomNumberGenerator random, TimeProvider time)
{
    // What providers refuse with, such as access_denied; what else stands there is nobody's to show.
    private const int ErrorCharsMax = 64;

    private const int TabCharsMax = 64;

    /// <summary>What people call the provider.</summary>
    public string ProviderName => provider.Name;

    /// <summary>Step 1.</summary>
    /// <param name="http">The browser's request.</param>
    /// <param name="linkTo">The token whose user wants to link the identity; null: somebody signs in.</param>
    /// <returns>Where the browser goes.</returns>
    /// <exception cref="OidcException">The provider does not say.</exception>
    public async Task<string> BeginAsync(HttpContext http, TokenHash? linkTo)
    {
        rates.Require(http);
        var tab = Query.Text(http, "tab");
        if (tab is not null && (tab.Length > TabCharsMax || !tab.All(char.IsAsciiLetterOrDigit)))
        {
            throw Query.NotAccepted("tab", tab, $"up to {TabCharsMax} letters and digits");
        }

        var pending = PendingSignIn.Begin(address.CallbackFor(http.Request), linkTo?.ToString(), tab, random, time);
        var provided = await provider.AddressForAsync(pending, http.RequestAborted);
        cookie.Give(http, pending);
        return provided;
    }

    /// <summary>Steps 2 and 3.</summary>
    /// <returns>Who it is; the token whose user wants to link that, null: somebody signs in; and what the page knows it by.</returns>
    /// <exception cref="OidcException">It is not shown who it is.</exception>
    /// <exception cref="RequestException">Too many come from there.</exception>
    public async Task<(OidcIdentity Identity, TokenHash? LinkTo, string? Tab)> EndAsync(HttpContext http)
    {
        // Whoever sends codes that are none makes us ask the provider, who may come to refuse everybody from here.
        rates.Require(http);

        // 2
        if (cookie.Find(http) is not { } pending || !pending.IsAnsweredBy(Query.Text(http, "state")))
        {
            throw new OidcException("This sign-in was not begun in this browser, or more than ten minutes ago, or another was begun since; begin again.");
        }

        cookie.Take(http);
        if (Query.Text(http, "error") is { } error)
        {
            var known = error.Length <= ErrorCharsMax && error.All(static one => char.IsAsciiLetterLower(one) || one == '_');
            throw new OidcException($"The identity provider has refused{(known ? $": {error}" : "")}.");
        }

        // 3
        var identity = await provider.RedeemAsync(Query.Text(http, "code") ?? "", Query.Text(http, "iss"), pending, http.RequestAborted);
        return (identity, pending.LinkTo is { } hash ? TokenHash.FromBytes(Convert.FromHexString(hash)) : null, pending.Tab);
    }
}
