using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Skerry.Server.Management.SignIn;

/// <summary>What the provider says of itself, and its keys. Asked for at first use, and again now and then. Thread-safe.</summary>
internal sealed class OidcDiscovery
{
    private readonly string _address;
    private readonly OidcMetadata _metadata;
    private readonly HttpDocumentRetriever _documents;
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _known;

    /// <summary>Asks nobody yet.</summary>
    /// <param name="issuer">Who it has to be.</param>
    /// <param name="http">Asks; it bounds how long that may take, and how long answers may be.</param>
    public OidcDiscovery(string issuer, HttpClient http)
    {
        _address = issuer.TrimEnd('/') + "/.well-known/openid-configuration";
        _metadata = new(issuer);
        _documents = new(http) { RequireHttps = issuer.StartsWith("https:", StringComparison.OrdinalIgnoreCase) };
        _known = new(_address, new OpenIdConnectConfigurationRetriever(), _documents, _metadata);
    }

    /// <summary>What is known.</summary>
    /// <exception cref="OidcException">Nothing is, and the provider says nothing that is believed.</exception>
    public Task<OpenIdConnectConfiguration> DescribeAsync(CancellationToken cancel) => TranslateAsync(() => _known.GetConfigurationAsync(cancel), cancel);

    /// <summary>
    /// Asks now, because a token is signed by a key that is not known: providers replace theirs. (What is known is renewed in
    /// the background, which is too late for whoever has this token.)
    /// </summary>
    /// <exception cref="OidcException">The provider says nothing that is believed.</exception>
    public Task<OpenIdConnectConfiguration> DescribeAnewAsync(CancellationToken cancel)
    {
        _known.RequestRefresh();
        return TranslateAsync(
            async () =>
            {
                var described = await OpenIdConnectConfigurationRetriever.GetAsync(_address, _documents, cancel);
                _metadata.Validate(described);
                return described;
            },
            cancel);
    }

    // The library throws whatever it has met.
    private static async Task<OpenIdConnectConfiguration> TranslateAsync(Func<Task<OpenIdConnectConfiguration>> describe, CancellationToken cancel)
    {
        try
        {
            return await describe();
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            throw new OidcException("The identity provider cannot be reached, or is not the one that is set up; the node's log says why.", e);
        }
    }
}
