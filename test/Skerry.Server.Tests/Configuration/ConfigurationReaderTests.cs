using Skerry.Server.Configuration;

namespace Skerry.Server.Tests.Configuration;

public sealed class ConfigurationReaderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-configuration-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Without_any_source_the_documented_defaults_hold()
    {
        var options = Read().Options;
        Assert.Equal(Path.Combine(_folder.FullName, "data"), options.DataFolder);
        Assert.Equal("http://127.0.0.1:8788", options.ApiUrl.ToString());
        Assert.Equal("http://127.0.0.1:8787", options.GatewayUrl.ToString());
        Assert.Equal(100, options.SqlBoundParametersMax);
        Assert.Equal(TimeSpan.FromDays(30), options.HistoryFor);
    }

    [Fact]
    public void Command_line_beats_environment_beats_file_beats_default()
    {
        File.WriteAllText(
            Path.Combine(_folder.FullName, "skerry.toml"),
            """
            data = "from-file"
            api_url = "http://127.0.0.1:1001"
            gateway_url = "http://127.0.0.1:1002"
            [objects]
            history_days = 3
            """);
        var read = Read(["--data", "from-line"], ("SKERRY_DATA", "from-environment"), ("SKERRY_API_URL", "http://127.0.0.1:2001"));
        Assert.Empty(read.Errors);
        Assert.EndsWith("from-line", read.Options.DataFolder, StringComparison.Ordinal);
        Assert.Equal(2001, read.Options.ApiUrl.Port);
        Assert.Equal(1002, read.Options.GatewayUrl.Port);
        Assert.Equal(TimeSpan.FromDays(3), read.Options.HistoryFor);
        Assert.Equal(1000, read.Options.OpenDatabasesMax);
    }

    [Theory]
    [InlineData("named.toml", "[objects]\nsql_bound_parameters = 1000\nidle_evict_seconds = 5\n[gateway]\nbody_bytes_max = 4096\n")]
    [InlineData("named.json", """{ "objects": { "sql_bound_parameters": 1000, "idle_evict_seconds": "5" }, "gateway": { "body_bytes_max": 4096 } }""")]
    public void A_named_file_is_read_in_either_format(string name, string content)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, name), content);
        var read = Read(["--config", name]);
        Assert.Empty(read.Errors);
        Assert.Equal(1000, read.Options.SqlBoundParametersMax);
        Assert.Equal(TimeSpan.FromSeconds(5), read.Options.IdleEvictAfter);
        Assert.Equal(4096, read.Options.GatewayBodyBytesMax);
        Assert.Equal(1000, Read([], ("SKERRY_CONFIG", name)).Options.SqlBoundParametersMax);
    }

    [Theory]
    [InlineData("--dat x", "unknown argument --dat; did you mean \"--data\"?")]
    [InlineData("--help-me", "unknown argument --help-me")]
    [InlineData("serve", "unknown argument serve")]
    [InlineData("--data", "--data needs a value: --data FOLDER")]
    [InlineData("--api-url --data x", "--api-url needs a value: --api-url URL")]
    [InlineData("--api-url https://127.0.0.1:1", "https is not supported")]
    [InlineData("--api-url 127.0.0.1:99", "is not a URL; accepted is http://HOST:PORT")]
    [InlineData("--api-url http://127.0.0.1:99/x", "has more than a host and a port")]
    [InlineData("--api-url http://example.com:99", "names the host \"example.com\"")]
    [InlineData("--api-url http://127.0.0.1:99999", "is not a URL")]
    [InlineData("--api-url http://127.0.0.1:8787", "need different ports")]
    [InlineData("--log-level loud", "accepted are debug, information, warning, error and none")]
    [InlineData("--objects-sql-bound-parameters 0", "accepted is a whole number from 1 to 32766")]
    [InlineData("--objects-history-days 1.5", "accepted is a whole number from 1 to 3650")]
    [InlineData("--config nowhere.toml", "nowhere.toml: cannot be read")]
    public void A_wrong_command_line_is_one_clear_line(string line, string expected)
    {
        var error = Assert.Single(Read(line.Split(' ')).Errors);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("dta = \"x\"", "unknown key \"dta\"; did you mean \"data\"?")]
    [InlineData("[objects]\nidle_evict_second = 1", "unknown key \"objects.idle_evict_second\"; did you mean \"objects.idle_evict_seconds\"?")]
    [InlineData("[objects]\nhistory_days = \"many\"", "\"many\" is not accepted")]
    [InlineData("data = [1]", "\"data\" has a value of a kind that no setting takes")]
    [InlineData("data = ", "skerry.toml")]
    [InlineData("data = \"a\"\ndata = \"b\"", "skerry.toml")]
    public void A_wrong_file_is_one_clear_line(string content, string expected)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "skerry.toml"), content);
        var error = Assert.Single(Read().Errors);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("[1]", "holds no JSON object")]
    [InlineData("{ \"data\": null }", "has a value of a kind that no setting takes")]
    [InlineData("{ \"data\": ", "wrong.json")]
    public void A_wrong_JSON_file_is_one_clear_line(string content, string expected)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "wrong.json"), content);
        var error = Assert.Single(Read(["--config", "wrong.json"]).Errors);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void An_unknown_variable_with_the_prefix_is_an_error_and_others_are_not_looked_at()
    {
        var read = Read([], ("SKERRY_DATAA", "x"), ("PATH", "/bin"), ("SKERRYDATA", "x"));
        Assert.Equal("environment: unknown variable SKERRY_DATAA; did you mean \"SKERRY_DATA\"?", Assert.Single(read.Errors));
    }

    [Fact]
    public void Errors_of_all_sources_are_reported_at_once_even_where_a_later_source_overrides()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "skerry.toml"), "dta = 1\napi_url = \"ftp://x\"");
        var read = Read(["--api-url", "http://127.0.0.1:1", "--bogus"], ("SKERRY_GATEWAY_URL", "nonsense"), ("SKERRY_FOO", ""));
        Assert.Equal(5, read.Errors.Count);
    }

    [Theory]
    [InlineData("http://*:80", "http://0.0.0.0:80", "http://127.0.0.1:80")]
    [InlineData("http://[::1]:81", "http://[::1]:81", "http://[::1]:81")]
    [InlineData("http://localhost:82/", "http://127.0.0.1:82", "http://127.0.0.1:82")]
    [InlineData("http://192.168.1.4:83", "http://192.168.1.4:83", "http://192.168.1.4:83")]
    public void Addresses_other_than_loopback_are_taken_when_asked_for(string written, string listens, string client)
    {
        var url = Read([$"--gateway-url={written}"]).Options.GatewayUrl;
        Assert.Equal(listens, url.ToString());
        Assert.Equal(client, url.ClientUrl);
    }

    [Fact]
    public void The_help_names_every_setting()
    {
        var help = HelpText.Write();
        Assert.All(SettingTable.All, setting => Assert.Contains(setting.Flag, help, StringComparison.Ordinal));
        Assert.True(Read(["--help"]).ShowHelp);
        Assert.True(Read(["--version"]).ShowVersion);
    }

    private StartRequest Read(string[]? arguments = null, params (string Name, string Value)[] environment) =>
        ConfigurationReader.Read(arguments ?? [], environment.ToDictionary(pair => pair.Name, pair => pair.Value), _folder.FullName);
}
