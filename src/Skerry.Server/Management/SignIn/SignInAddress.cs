using Skerry.Server.Configuration;
using Skerry.Server.Hosting;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// The addresses between which browsers go to and fro. They come from the settings, for a request's <c>Host</c> is whatever
/// its sender or a proxy says.
/// </summary>
internal sealed class SignInAddress(SkerryServerOptions options, ManagementAddress management)
{
    /// <summary>Where a sign-in begins.</summary>
    public const string BeginPath = "/sign-in/oidc";

    /// <summary>Where the provider sends browsers back to.</summary>
    public const string CallbackPath = "/sign-in/oidc/callback";

    /// <summary>The page that people sign in on. It reads what became of it from the fragment.</summary>
    public const string PagePath = "/account";

    /// <summary>The redirect URI, which the provider has to know.</summary>
    public string Callback => Root + CallbackPath;

    /// <summary>Whether cookies go by TLS only.</summary>
    public bool IsSecure => Root.StartsWith("https:", StringComparison.Ordinal);

    private string Root => options.SignIn.Url?.GetLeftPart(UriPartial.Authority) ?? management.ClientUrl ?? options.ApiUrl.ClientUrl;
}
