using System.Security.Cryptography;
using System.Text.Json;
using Skerry.Accounts.Tokens;
using Skerry.Server.Credentials;

namespace Skerry.Server.Tests.Credentials;

public sealed class CredentialsFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-credentials-");

    private string FilePath => Path.Combine(_folder.FullName, CredentialsFile.Name);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_folder_without_the_file_has_no_credentials() => Assert.Null(CredentialsFile.Load(_folder.FullName));

    [Fact]
    public void What_is_saved_is_loaded_and_only_its_owner_may_read_it()
    {
        var credentials = NewCredentials() with { ApiUrl = "http://a", GatewayUrl = "http://g" };

        // What a killed start may have left behind, readable for everybody.
        File.WriteAllText(FilePath + ".new", "{");
        CredentialsFile.Save(_folder.FullName, credentials);
        Assert.Equal(credentials, CredentialsFile.Load(_folder.FullName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal(["credentials.json"], _folder.GetFiles().Select(file => file.Name));

        using var json = JsonDocument.Parse(File.ReadAllText(FilePath));
        Assert.Equal(credentials.AccountId, json.RootElement.GetProperty("account_id").GetString());
        Assert.Equal(credentials.ApiToken, json.RootElement.GetProperty("api_token").GetString());
        Assert.Matches("^[A-Za-z0-9_-]{43}$", json.RootElement.GetProperty("node_token").GetString());
        Assert.Equal("http://a", json.RootElement.GetProperty("api_url").GetString());
        Assert.Equal("http://g", json.RootElement.GetProperty("gateway_url").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"account_id":null,"api_token":"0123456789012345678901234567890123456789","api_url":"","gateway_url":""}""")]
    [InlineData("null")]
    [InlineData("""{"account_id":"short","api_token":"0123456789012345678901234567890123456789","api_url":"","gateway_url":""}""")]
    public void A_damaged_file_stops_the_start_and_is_left_alone(string content)
    {
        File.WriteAllText(FilePath, content);
        var error = Assert.Throws<StartupException>(() => CredentialsFile.Load(_folder.FullName));
        Assert.Contains(FilePath, Assert.Single(error.Problems), StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(FilePath));
    }

    [Fact]
    public void Before_the_account_could_be_asked_there_is_a_token_of_the_node_only_and_it_stays()
    {
        using var random = RandomNumberGenerator.Create();
        var first = NodeCredentials.Create(random);
        CredentialsFile.Save(_folder.FullName, first);
        var second = CredentialsFile.Load(_folder.FullName)!;
        Assert.Equal(first, second.WithNodeToken(random));
        Assert.False(second.IsComplete);

        // A file of before there were such tokens gets one.
        Assert.Matches("^[A-Za-z0-9_-]{43}$", (second with { NodeToken = null }).WithNodeToken(random).NodeToken);
    }

    [Fact]
    public void No_token_is_in_the_text_of_the_record()
    {
        var credentials = NewCredentials();
        Assert.DoesNotContain(credentials.ApiToken!, credentials.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(credentials.NodeToken!, credentials.ToString(), StringComparison.Ordinal);
    }

    private static NodeCredentials NewCredentials()
    {
        using var random = RandomNumberGenerator.Create();
        return NodeCredentials.Create(random) with { AccountId = "0123456789abcdef0123456789abcdef", ApiToken = ApiToken.Create(TokenKind.Account, random).Reveal() };
    }
}
