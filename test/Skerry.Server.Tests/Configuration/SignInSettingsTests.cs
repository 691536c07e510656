using Skerry.Server.Configuration;

namespace Skerry.Server.Tests.Configuration;

public sealed class SignInSettingsTests : IDisposable
{
    private const string Issuer = "--sign-in-oidc-issuer=https://id.example.com/realms/one";
    private const string Client = "--sign-in-oidc-client-id=skerry";
    private const string Secret = "--sign-in-oidc-client-secret=0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-sign-in-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Without_settings_there_is_no_provider()
    {
        var options = Read();
        Assert.False(options.SignIn.HasOidc);
        Assert.Null(options.SignIn.Url);
    }

    [Fact]
    public void A_provider_reads_from_a_file()
    {
        File.WriteAllText(
            Path.Combine(_folder.FullName, "skerry.toml"),
            """
            [sign_in]
            url = "https://skerry.example.com"
            oidc_issuer = "https://id.example.com/"
            oidc_client_id = "skerry"
            oidc_client_secret = "0123456789abcdef"
            oidc_name = "Example's people"
            oidc_link_by_email = true
            oidc_create_users = true
            """);
        var signIn = Read().SignIn;
        Assert.True(signIn.HasOidc);
        Assert.Equal("https://skerry.example.com/", signIn.Url!.AbsoluteUri);
        Assert.Equal("https://id.example.com/", signIn.OidcIssuer);
        Assert.Equal(("skerry", "0123456789abcdef", "Example's people"), (signIn.OidcClientId, signIn.OidcClientSecret, signIn.OidcName));
        Assert.True(signIn.OidcLinkByEmail && signIn.OidcCreateUsers);
    }

    // As the provider writes it, to the last slash.
    [Theory]
    [InlineData("https://id.example.com")]
    [InlineData("https://id.example.com/")]
    [InlineData("https://id.example.com:8443/realms/one")]
    [InlineData("http://127.0.0.1:9000")]
    [InlineData("http://localhost:9000/x")]
    [InlineData("http://[::1]:9000")]
    public void An_issuer_stays_as_it_is_written(string issuer) => Assert.Equal(issuer, Read($"--sign-in-oidc-issuer={issuer}", Client, Secret).SignIn.OidcIssuer);

    [Theory]
    [InlineData("--sign-in-oidc-issuer=http://id.example.com", "accepted is https://")]
    [InlineData("--sign-in-oidc-issuer=http://127.0.0.1.example.com", "accepted is https://")]
    [InlineData("--sign-in-oidc-issuer=id.example.com", "accepted is https://")]
    [InlineData("--sign-in-oidc-issuer=https://u:p@id.example.com", "accepted is https://")]
    [InlineData("--sign-in-oidc-issuer=https://id.example.com?x=1", "accepted is https://")]
    [InlineData("--sign-in-oidc-issuer=https://id.example.com#x", "accepted is https://")]
    [InlineData("--sign-in-oidc-issuer=https://id.example.com/a b", "accepted is https://")]
    [InlineData("--sign-in-url=http://skerry.example.com", "accepted is https://HOST[:PORT]")]
    [InlineData("--sign-in-url=https://skerry.example.com/path", "accepted is https://HOST[:PORT]")]
    [InlineData("--sign-in-url=*", "accepted is https://HOST[:PORT]")]
    [InlineData("--sign-in-oidc-client-id=", "accepted are 1 to 255 characters")]
    [InlineData("--sign-in-oidc-client-secret=hunter2", "the value is not accepted; accepted are 16 to 1024 characters")]
    [InlineData("--sign-in-oidc-name= ", "accepted are 1 to 64 characters")]
    [InlineData("--sign-in-oidc-link-by-email=yes", "accepted are true and false")]
    [InlineData("--sign-in-oidc-create-users=1", "accepted are true and false")]
    [InlineData(Issuer, "go together; set all three, or none")]
    [InlineData(Client, "go together; set all three, or none")]
    [InlineData(Secret, "go together; set all three, or none")]
    [InlineData("--sign-in-oidc-name=x", "sign_in.oidc_issuer is not")]
    [InlineData("--sign-in-oidc-create-users=true", "sign_in.oidc_issuer is not")]
    public void What_is_wrong_is_one_clear_line(string argument, string expected)
    {
        var error = Assert.Single(ConfigurationReader.Read([argument], new Dictionary<string, string>(), _folder.FullName).Errors);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", error, StringComparison.Ordinal);
    }

    private SkerryServerOptions Read(params string[] arguments)
    {
        var read = ConfigurationReader.Read(arguments, new Dictionary<string, string>(), _folder.FullName);
        Assert.Empty(read.Errors);
        return read.Options;
    }
}
