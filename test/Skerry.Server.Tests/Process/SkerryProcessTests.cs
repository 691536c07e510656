using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Skerry.Server.Tests.Process;

/// <summary>Runs the real executable: exit codes, what the terminal shows, signals.</summary>
public sealed class SkerryProcessTests : IDisposable
{
    private static readonly string[] AnyPorts = ["--api-url", "http://127.0.0.1:0", "--gateway-url", "http://127.0.0.1:0"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-process-");

    private string Data => Path.Combine(_folder.FullName, "data");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("SIGTERM")]
    [InlineData("SIGINT")]
    public async Task A_signal_ends_it_in_order_in_under_five_seconds_and_what_was_confirmed_stays(string signal)
    {
        await using (var first = await SkerryExecutable.Start(_folder.FullName, ["--data", Data, .. AnyPorts]))
        {
            Assert.Contains("just written", first.Output, StringComparison.Ordinal);
            Assert.Equal(3, first.Output.Split("curl ").Length - 1);
            Assert.DoesNotContain('\x1b', first.Output);
            using var client = new HttpClient();
            using var body = new StringContent("""{"passenger":"Ada"}""");
            using var booked = await client.PostAsync($"{first.Credentials(Data).GetProperty("gateway_url").GetString()}/flights/LX14/seats/3C", body);
            Assert.Equal(HttpStatusCode.OK, booked.StatusCode);

            var watch = Stopwatch.StartNew();
            Assert.Equal(0, await first.End(signal));
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
            Assert.Equal("", first.Errors);
        }

        await using var second = await SkerryExecutable.Start(_folder.FullName, ["--data", Data, .. AnyPorts]);
        Assert.DoesNotContain("just written", second.Output, StringComparison.Ordinal);
        using var again = new HttpClient();
        var free = JsonElement.Parse(await again.GetStringAsync($"{second.Credentials(Data).GetProperty("gateway_url").GetString()}/flights/LX14/seats"));
        Assert.Equal(179, free.GetProperty("count").GetInt32());
        Assert.Equal(0, await second.End(signal));
    }

    [Fact]
    public async Task An_open_page_does_not_hold_up_the_end()
    {
        await using var process = await SkerryExecutable.Start(_folder.FullName, ["--data", Data, .. AnyPorts]);
        using var page = new System.Net.WebSockets.ClientWebSocket();
        var address = process.Credentials(Data).GetProperty("gateway_url").GetString()!.Replace("http:", "ws:", StringComparison.Ordinal);
        await page.ConnectAsync(new($"{address}/flights/LX14/live"), TestContext.Current.CancellationToken);
        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await process.End("SIGTERM"));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Later_starts_keep_account_and_token_and_renew_the_addresses()
    {
        JsonElement first;
        await using (var process = await SkerryExecutable.Start(_folder.FullName, ["--data", Data, .. AnyPorts]))
        {
            first = process.Credentials(Data);
            Assert.Equal(0, await process.End("SIGTERM"));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Data, "credentials.json")));
        await using var later = await SkerryExecutable.Start(_folder.FullName, ["--data", Data, .. AnyPorts]);
        var second = later.Credentials(Data);
        Assert.Equal(first.GetProperty("account_id").GetString(), second.GetProperty("account_id").GetString());
        Assert.Equal(first.GetProperty("api_token").GetString(), second.GetProperty("api_token").GetString());
        Assert.Contains(second.GetProperty("api_url").GetString()!, later.Output, StringComparison.Ordinal);
        Assert.Equal(0, await later.End("SIGTERM"));
    }

    [Fact]
    public async Task A_folder_that_another_process_holds_is_one_line_and_code_2()
    {
        await using var holder = await SkerryExecutable.Start(_folder.FullName, ["--data", Data, .. AnyPorts]);

        // .NET asks for a lock of its own to read a file; people use cat.
        using (var cat = System.Diagnostics.Process.Start(new ProcessStartInfo("cat", [Path.Combine(Data, "skerry.lock")]) { RedirectStandardOutput = true })!)
        {
            Assert.Equal($"{holder.ProcessId}\n", await cat.StandardOutput.ReadToEndAsync());
        }

        var error = Assert.Single(await SkerryExecutable.Refused(_folder.FullName, ["--data", Data, .. AnyPorts]));
        Assert.Contains(Data, error, StringComparison.Ordinal);
        Assert.Contains("another process", error, StringComparison.Ordinal);

        // The holder goes on, with its own addresses in the file.
        using var client = new HttpClient();
        using var health = await client.GetAsync($"{holder.Credentials(Data).GetProperty("api_url").GetString()}/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(0, await holder.End("SIGTERM"));
    }

    [Fact]
    public async Task A_folder_of_a_newer_version_is_one_line_and_code_2_and_stays_as_it_is()
    {
        Directory.CreateDirectory(Data);
        var format = Path.Combine(Data, "format.json");
        File.WriteAllText(format, """{"format":999}""");
        var error = Assert.Single(await SkerryExecutable.Refused(_folder.FullName, ["--data", Data, .. AnyPorts]));
        Assert.Contains(Data, error, StringComparison.Ordinal);
        Assert.Contains("newer version", error, StringComparison.Ordinal);
        Assert.Equal("""{"format":999}""", File.ReadAllText(format));
        Assert.False(File.Exists(Path.Combine(Data, "credentials.json")));
    }

    [Fact]
    public async Task Taken_ports_are_one_line_each_and_code_2_and_no_folder_is_left_behind_by_a_bad_setting()
    {
        using var api = Take();
        using var gateway = Take();
        var errors = await SkerryExecutable.Refused(
            _folder.FullName, ["--data", Data, "--api-url", $"http://{api.LocalEndpoint}", "--gateway-url", $"http://{gateway.LocalEndpoint}"]);
        Assert.Equal(2, errors.Count);
        Assert.Contains($"api_url http://{api.LocalEndpoint}: the port is taken", errors[0], StringComparison.Ordinal);
        Assert.Contains("--gateway-url", errors[1], StringComparison.Ordinal);

        var unused = Path.Combine(_folder.FullName, "unused");
        await SkerryExecutable.Refused(_folder.FullName, ["--data", unused, "--bogus"]);
        Assert.False(Directory.Exists(unused));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_line_and_code_2()
    {
        // /proc refuses new folders to root too, which ordinary permissions do not.
        var error = Assert.Single(await SkerryExecutable.Refused(_folder.FullName, ["--data", "/proc/skerry", .. AnyPorts]));
        Assert.Contains("/proc/skerry cannot be written", error, StringComparison.Ordinal);

        var file = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(file, "");
        error = Assert.Single(await SkerryExecutable.Refused(_folder.FullName, ["--data", file, .. AnyPorts]));
        Assert.Contains(file, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_credentials_file_is_one_line_and_code_2()
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, "credentials.json"), "{");
        var error = Assert.Single(await SkerryExecutable.Refused(_folder.FullName, ["--data", Data, .. AnyPorts]));
        Assert.Contains("credentials.json cannot be used", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_configuration_error_is_a_line_of_its_own_with_code_2()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "skerry.toml"), "dta = 1\n[objects]\nhistory_days = -1\n");
        var errors = await SkerryExecutable.Refused(_folder.FullName, ["--gateway-url", "https://127.0.0.1"], ("SKERRY_BOGUS", "1"));
        Assert.Equal(4, errors.Count);
        Assert.All(errors, line => Assert.StartsWith("skerry: ", line, StringComparison.Ordinal));
    }

    private static TcpListener Take()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }
}
