using System.Text.Json;
using Acceptance.Repository;

namespace Acceptance.Readme;

/// <summary>Does what the README says, in a clone for each, by its own blocks.</summary>
public sealed class ReadmeTests : IAsyncLifetime
{
    private static readonly Blocks s_readme = Blocks.Of("README.md");

    private readonly ScratchClone _clone = new();

    private static readonly string FirstCommand = s_readme.Shell("--project src/Skerry.Server");

    public ValueTask InitializeAsync() => _clone.InitializeAsync();

    public ValueTask DisposeAsync() => _clone.DisposeAsync();

    [Fact]
    public async Task The_first_commands_book_a_seat_that_survives_kill_and_is_undone()
    {
        // One command, and three lines that are the same in the README and on the terminal.
        Assert.Equal("dotnet run -c Release --project src/Skerry.Server\n", FirstCommand);
        var report = await _clone.Serve(FirstCommand, "Ctrl+C");
        var printed = report.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("curl ", StringComparison.Ordinal)).ToList();
        var documented = s_readme.Shell("Grace").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, printed.Count);
        Assert.Equal(documented.Select(PathOf), printed.Select(PathOf));

        Assert.Equal("Ada", JsonElement.Parse(await _clone.Run(printed[0])).GetProperty("passenger").GetString());
        Assert.Equal(179, JsonElement.Parse(await _clone.Run(printed[1])).GetProperty("count").GetInt32());
        Assert.Equal("seat_taken", JsonElement.Parse(await _clone.Run(printed[2])).GetProperty("errors")[0].GetProperty("code").GetString());

        await _clone.Run(s_readme.Shell("kill -9"));
        await _clone.ServersEnd();
        await _clone.Serve(FirstCommand, "Ctrl+C");

        var answers = (await _clone.Run(s_readme.Shell("/undo").Replace("\n", "; echo\n", StringComparison.Ordinal))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("Ada", PassengerOf3C(answers[0]));
        Assert.True(JsonElement.Parse(answers[1]).TryGetProperty("back_to", out _));
        Assert.Null(PassengerOf3C(answers[2]));

        await _clone.Run("""kill -TERM "$(cat data/skerry.lock)" """);
        await _clone.ServersEnd();
    }

    [Fact]
    public async Task The_program_is_complete_and_counts_across_a_crash()
    {
        await _clone.Run(s_readme.Shell("dotnet new web"));
        await File.WriteAllTextAsync(Path.Combine(_clone.Path, "samples/Visits/Program.cs"), s_readme.Program);
        var start = s_readme.Shell("cd samples/Visits");
        await _clone.Serve(start, "Application started");
        Assert.Equal("1", await _clone.Run("curl -s -X POST http://127.0.0.1:5080/home"));
        Assert.Equal("2", await _clone.Run("curl -s -X POST http://127.0.0.1:5080/home"));

        await _clone.Run("""kill -9 "$(cat samples/Visits/data/skerry.lock)" """);
        await _clone.ServersEnd();
        await _clone.Serve(start, "Application started");
        Assert.Equal("3", await _clone.Run("curl -s -X POST http://127.0.0.1:5080/home"));
        await _clone.Run("""kill -TERM "$(cat samples/Visits/data/skerry.lock)" """);
        await _clone.ServersEnd();
    }

    private static string PathOf(string command) => System.Text.RegularExpressions.Regex.Replace(command, "127.0.0.1:[0-9]+", "HOST");

    private static string? PassengerOf3C(string map) =>
        JsonElement.Parse(map).GetProperty("seats").EnumerateArray()
            .Single(seat => seat.GetProperty("number").GetString() == "3C").GetProperty("passenger").GetString();
}
