using Skerry.Server.Configuration;
using Skerry.Server.Hosting;
using Skerry.Server.Management.Access;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// The addresses between which browsers go to and fro. They come from the settings, for a request's <c>Host</c> is whatever
/// its sender or a proxy says. Only where nothing is set and the browser is on this machine, it counts by which of the
/// machine's own names it has come: cookies of one are not sent to another.
/// </summary>
internal sealed class SignInAddress(SkerryServerOptions options, ManagementAddress management)
{
    /// <summary>Where a sign-in begins.</summary>
    public const string BeginPath = "/sign-in/oidc";

    /// <summary>Where the provider sends browsers back to.</summary>
    public const string CallbackPath = "/sign-in/oidc/callback";

    /// <summary>The page that people sign in on. It reads what became of it from the fragment.</summary>
    public const string PagePath = "/account";

    /// <summary>Whether cookies go by TLS only.</summary>
    public bool IsSecure => options.SignIn.Url is { Scheme: "https" };

    /// <summary>The redirect URI, which the provider has to know.</summary>
    public string CallbackFor(HttpRequest request) => RootFor(request) + CallbackPath;

    private string RootFor(HttpRequest request) =>
        options.SignIn.Url?.GetLeftPart(UriPartial.Authority)
        ?? (BrowserGuard.IsLoopbackName(request.Host.Host) ? $"http://{request.Host}" : management.ClientUrl ?? options.ApiUrl.ClientUrl);
}
