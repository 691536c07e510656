namespace Skerry.Server.Configuration;

/// <summary>How people sign in besides by password and passkey.</summary>
public sealed class SignInOptions
{
    /// <summary>
    /// The address at which browsers reach the management API's listener, <c>https://HOST[:PORT]</c>; null for that of
    /// <see cref="SkerryServerOptions.ApiUrl"/>.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>The OpenID Connect provider, a URL exactly as the provider itself writes it; null for none.</summary>
    public string? OidcIssuer { get; set; }

    /// <summary>As whom the provider knows this cluster; null as <see cref="OidcIssuer"/>.</summary>
    public string? OidcClientId { get; set; }

    /// <summary>The client's secret; null as <see cref="OidcIssuer"/>.</summary>
    public string? OidcClientSecret { get; set; }

    /// <summary>What people call the provider; null for its host's name.</summary>
    public string? OidcName { get; set; }

    /// <summary>
    /// Whether somebody whose e-mail address the provider has verified is linked to the user with that address, if that user
    /// has no link to the provider yet. Default false: the provider decides then who gets every user's rights.
    /// </summary>
    public bool OidcLinkByEmail { get; set; }

    /// <summary>Whether a user is made for somebody whose e-mail address the provider has verified, if nobody has it. Default false.</summary>
    public bool OidcCreateUsers { get; set; }

    /// <summary>Whether there is a provider.</summary>
    public bool HasOidc => OidcIssuer is not null;
}
