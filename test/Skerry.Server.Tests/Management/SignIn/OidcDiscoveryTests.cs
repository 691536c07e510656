using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Skerry.Server.Management.SignIn;

namespace Skerry.Server.Tests.Management.SignIn;

public sealed class OidcDiscoveryTests
{
    [Fact]
    public async Task Operators_are_told_what_is_wrong_with_a_provider_and_people_are_not()
    {
        await using var provider = await HostileProvider.StartAsync();
        using var http = new HttpClient();
        var discovery = new OidcDiscovery(provider.Issuer + "/", http);
        var refused = await Assert.ThrowsAsync<OidcException>(() => discovery.DescribeAsync(CancellationToken.None));
        Assert.DoesNotContain(provider.Issuer, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"its issuer is \"{provider.Issuer}\", and sign_in.oidc_issuer is \"{provider.Issuer}/\"", refused.InnerException!.ToString(), StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<OidcException>(() => discovery.DescribeAnewAsync(CancellationToken.None));
        Assert.Contains("to the last slash", refused.InnerException!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://id.example.com", "https://elsewhere.example.com/token", true)]
    [InlineData("https://id.example.com", "http://127.0.0.1/token", false)]
    [InlineData("https://id.example.com", "http://id.example.com/token", false)]
    [InlineData("https://id.example.com", "/token", false)]
    [InlineData("http://127.0.0.1:9000", "http://127.0.0.1:9001/token", true)]
    [InlineData("http://127.0.0.1:9000", "https://id.example.com/token", true)]
    [InlineData("http://127.0.0.1:9000", "http://id.example.com/token", false)]
    public void Secrets_go_by_TLS_unless_the_provider_is_on_this_machine(string issuer, string endpoint, bool isAccepted)
    {
        var described = new OpenIdConnectConfiguration { Issuer = issuer, AuthorizationEndpoint = endpoint, TokenEndpoint = endpoint, JwksUri = endpoint };
        described.SigningKeys.Add(HostileProvider.NewKey());
        Assert.Equal(isAccepted, Record.Exception(() => new OidcMetadata(issuer).Validate(described)) is null);
        described.SigningKeys.Clear();
        Assert.ThrowsAny<InvalidOperationException>(() => new OidcMetadata(issuer).Validate(described));
    }
}
