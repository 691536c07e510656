using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Skerry.Server.Configuration;

namespace Skerry.Server.Management.SignIn;

/// <summary>Checks what a provider says of itself, before it is believed (OpenID Connect Discovery, 4.3).</summary>
/// <param name="issuer">Who it has to be.</param>
internal sealed class OidcMetadata(string issuer) : IConfigurationValidator<OpenIdConnectConfiguration>
{
    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is not believed.</exception>
    public ConfigurationValidationResult Validate(OpenIdConnectConfiguration configuration)
    {
        var problem = configuration.Issuer != issuer ? $"it says that its issuer is \"{configuration.Issuer}\", and sign_in.oidc_issuer is \"{issuer}\"; they have to be the same, to the last slash"
            : Problem("authorization_endpoint", configuration.AuthorizationEndpoint) ?? Problem("token_endpoint", configuration.TokenEndpoint) ?? Problem("jwks_uri", configuration.JwksUri)
            ?? (configuration.SigningKeys.Count == 0 ? "it has no keys that signatures could be checked by" : null);

        // Thrown, though it could be answered: whatever the library is answered, it takes for personal and keeps out of the log.
        return problem is null ? new() { Succeeded = true } : throw new InvalidOperationException($"The provider is not accepted: {problem}.");
    }

    // An issuer on this machine may have the rest there too.
    private string? Problem(string name, string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && SignInSettings.IsSafe(parsed) && (parsed.Scheme == Uri.UriSchemeHttps || parsed.Scheme == new Uri(issuer).Scheme)
            ? null
            : $"its {name} \"{url}\" is not https://";
}
