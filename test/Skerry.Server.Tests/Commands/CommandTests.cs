using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Skerry.Server.Commands;
using Skerry.Server.Tests.Process;

namespace Skerry.Server.Tests.Commands;

/// <summary>The real executable's commands, against a real node.</summary>
public sealed class CommandTests(CommandNode node) : IClassFixture<CommandNode>
{
    private string Folder => node.Folder;

    private HttpClient Gateway => node.Gateway;

    [Fact]
    public async Task An_object_is_listed_checked_exported_restored_and_the_restore_undone()
    {
        await Book("1A", "Ada");
        await Book("2B", "Grace");
        var history = await Json("objects", "history", "flight", "LX14", "--json");
        var bookmarks = history.GetProperty("versions").EnumerateArray().Select(one => one.GetProperty("bookmark").GetString()!).ToList();
        Assert.Equal(history.GetProperty("current").GetString(), bookmarks[0]);
        Assert.Equal(bookmarks.OrderDescending(StringComparer.Ordinal), bookmarks);

        var listed = await Run("objects", "history", "flight", "LX14", "--limit", "1");
        Assert.Equal(0, listed.Code);
        Assert.Contains(bookmarks[0], listed.Output, StringComparison.Ordinal);
        Assert.Contains($"--before {bookmarks[0]}", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', listed.Output);
        var earlier = await Json("objects", "history", "flight", history.GetProperty("id").GetString()!, "--before", bookmarks[0], "--json");
        Assert.Equal(bookmarks[1], earlier.GetProperty("versions")[0].GetProperty("bookmark").GetString());

        var verified = await Run("objects", "verify", "flight", "LX14");
        Assert.Equal(0, verified.Code);
        Assert.Contains($"{bookmarks.Count} records", verified.Output, StringComparison.Ordinal);

        // The present, and what was before Grace.
        Assert.Equal(0, (await Run("objects", "export", "flight", "LX14")).Code);
        Assert.Equal(2, Passengers("LX14.sqlite"));
        Assert.Equal(0, (await Run("objects", "export", "flight", "LX14", "--at", bookmarks[1], "--out", "then.sqlite")).Code);
        Assert.Equal(1, Passengers("then.sqlite"));
        var again = await Run("objects", "export", "flight", "LX14");
        Assert.Equal(1, again.Code);
        Assert.Contains("--force", again.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await Run("objects", "export", "flight", "LX14", "--force")).Code);
        Assert.Empty(Directory.GetFiles(Folder, "*.part"));
        Assert.Empty(Directory.GetFiles(Path.Combine(Folder, "data", "exports")));

        var restored = await Run("objects", "restore", "flight", "LX14", "--to", bookmarks[1]);
        Assert.Equal(0, restored.Code);
        Assert.Equal(1, await Taken());
        var undo = restored.Output.Split('\n').Single(line => line.StartsWith("To undo that: skerry ", StringComparison.Ordinal))["To undo that: skerry ".Length..];
        Assert.Equal(0, (await Run(undo.Split(' '))).Code);
        Assert.Equal(2, await Taken());
    }

    [Fact]
    public async Task A_server_that_is_no_node_is_told_of_in_one_line()
    {
        await using var app = WebApplication.Create();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapFallback(static () => "hello");
        await app.StartAsync(TestContext.Current.CancellationToken);
        var asked = await Run("nodes", "--api-url", app.Urls.Single(), "--token", "t");
        Assert.Equal(3, asked.Code);
        Assert.Contains("does not answer as a node does", asked.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(" at ", asked.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_alone_says_that_it_is_and_what_that_means()
    {
        var shown = await Run("nodes");
        Assert.Equal(0, shown.Code);
        Assert.Contains("alone", shown.Output, StringComparison.Ordinal);
        Assert.Contains("would be lost with it", shown.Output, StringComparison.Ordinal);
        Assert.Equal("alone", (await Json("nodes", "--json")).GetProperty("nodes")[0].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData(2, "Required command was not provided", "objects")]
    [InlineData(2, "skerry objects restore --help", "objects", "restore", "flight", "LX14")]
    [InlineData(2, "--to and --time are both given", "objects", "restore", "flight", "LX14", "--to", "x", "--time", "2026-01-01")]
    [InlineData(2, "--time: \"soon\" is not accepted", "objects", "restore", "flight", "LX14", "--time", "soon")]
    [InlineData(2, "--bogus", "nodes", "--bogus")]
    [InlineData(2, "accepted is http://HOST:PORT", "nodes", "--api-url", "nonsense")]
    [InlineData(1, "there is no namespace \"flights\"; there are: flight", "objects", "history", "flights", "LX14")]
    [InlineData(1, "is not a bookmark", "objects", "restore", "flight", "LX15", "--to", "x")]
    [InlineData(1, "never written anything", "objects", "restore", "flight", "nobody", "--time", "2020-01-01")]
    [InlineData(1, "never written anything", "objects", "export", "flight", "nobody")]
    [InlineData(1, "never written anything", "objects", "verify", "flight", "nobody")]
    [InlineData(1, "1 to 1000", "objects", "history", "flight", "LX14", "--limit", "0")]
    [InlineData(1, "not made in the namespace", "objects", "history", "flight", "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(3, "does not accept the token", "nodes", "--token", "wrong")]
    [InlineData(3, "no node answers at http://127.0.0.1:1", "nodes", "--api-url", "http://127.0.0.1:1")]
    [InlineData(3, "there is no credentials.json", "nodes", "--data", "elsewhere")]
    public async Task What_is_wrong_is_said_on_stderr_with_what_to_do(int code, string expected, params string[] arguments)
    {
        // Whichever test is the first: the flight has written something. That the seat may be taken by now does not matter.
        using (await Gateway.PostAsync("flights/LX15/seats/9A", new StringContent("""{"passenger":"Ada"}"""), TestContext.Current.CancellationToken))
        {
        }

        var answer = await Run(arguments);
        Assert.Contains(expected, answer.Errors, StringComparison.Ordinal);
        Assert.All(answer.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("skerry: ", line, StringComparison.Ordinal));
        Assert.Equal((code, ""), (answer.Code, answer.Output));
    }

    [Fact]
    public async Task A_name_may_hold_anything_that_a_name_may()
    {
        foreach (var name in new[] { "a/b", "%2F", "a b?c#d", "ü" })
        {
            var history = await Json("objects", "history", "flight", name, "--json");
            Assert.Empty(history.GetProperty("versions").EnumerateArray());
            Assert.Equal(64, history.GetProperty("id").GetString()!.Length);
        }

        Assert.NotEqual(
            (await Json("objects", "history", "flight", "a/b", "--json")).GetProperty("id").GetString(),
            (await Json("objects", "history", "flight", "a%2Fb", "--json")).GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_key_is_printed_or_written_for_its_owner_only_and_never_over_another()
    {
        var one = await Run("cluster", "key");
        var two = await Run("cluster", "key");
        Assert.Equal(43, one.Output.Trim().Length);
        Assert.NotEqual(one.Output, two.Output);
        Assert.Equal(0, (await Run("cluster", "key", "--out", "k")).Code);
        var file = Path.Combine(Folder, "k");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var key = File.ReadAllText(file);
        Assert.Equal(1, (await Run("cluster", "key", "--out", "k")).Code);
        Assert.Equal(key, File.ReadAllText(file));
    }

    [Fact]
    public async Task Help_names_every_command_and_each_command_has_its_own()
    {
        var help = (await Run("--help")).Output;
        foreach (var (usage, summary) in SkerryCommands.Summaries)
        {
            Assert.Contains(usage, help, StringComparison.Ordinal);
            var own = await Run([.. usage.Split(' ').Skip(1), "--help"]);
            Assert.Equal(0, own.Code);
            Assert.Contains(summary, own.Output, StringComparison.Ordinal);
        }
    }

    private Task<(int Code, string Output, string Errors)> Run(params string[] arguments) =>
        SkerryExecutable.Run(Folder, arguments);

    private async Task<JsonElement> Json(params string[] arguments)
    {
        var answer = await Run(arguments);
        Assert.Equal((0, ""), (answer.Code, answer.Errors));
        return JsonElement.Parse(answer.Output);
    }

    private async Task Book(string seat, string passenger)
    {
        using var body = new StringContent($$"""{"passenger":"{{passenger}}"}""");
        using var answer = await Gateway.PostAsync($"/flights/LX14/seats/{seat}", body);
        answer.EnsureSuccessStatusCode();
    }

    private async Task<int> Taken() => 180 - JsonElement.Parse(await Gateway.GetStringAsync("/flights/LX14/seats")).GetProperty("count").GetInt32();

    private long Passengers(string file) =>
        PlainSqlite.Number(Path.Combine(Folder, file), "select count(passenger) from seats");
}

/// <summary>A node in a process of its own, and the folder that it was started in.</summary>
public sealed class CommandNode : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-commands-");
    private SkerryExecutable? _node;

    public string Folder => _folder.FullName;

    public HttpClient Gateway { get; } = new();

    public async ValueTask InitializeAsync()
    {
        _node = await SkerryExecutable.Start(Folder, ["--api-url", "http://127.0.0.1:0", "--gateway-url", "http://127.0.0.1:0"]);
        Gateway.BaseAddress = new(_node.Credentials(Path.Combine(Folder, "data")).GetProperty("gateway_url").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        Gateway.Dispose();
        await _node!.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
