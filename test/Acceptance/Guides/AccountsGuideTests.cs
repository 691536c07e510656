using System.Text.RegularExpressions;
using Acceptance.Repository;
using Acceptance.SeatMap;

namespace Acceptance.Guides;

/// <summary>Does what docs/accounts.md says, in one terminal, block by block, against a node that runs.</summary>
public sealed partial class AccountsGuideTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-guide-");
    private readonly SkerryNode _node = new();
    private Terminal _terminal = null!;

    public async ValueTask InitializeAsync()
    {
        await _node.InitializeAsync();
        Directory.CreateSymbolicLink(Path.Combine(_folder.FullName, "src"), Path.Combine(RepositoryRoot.Path, "src"));
        Directory.CreateSymbolicLink(Path.Combine(_folder.FullName, "data"), _node.Data);
        _terminal = new Terminal(_folder.FullName);
    }

    [Fact]
    public async Task Tokens_are_made_explained_rolled_and_deleted_people_join_and_the_log_proves_itself()
    {
        Assert.Contains("owner@localhost", await RunAsync("field() {"), StringComparison.Ordinal);

        var made = await RunAsync("workflow=$(");
        Assert.Contains("\"class\":\"Flight\"", made, StringComparison.Ordinal);
        Assert.Contains("Workers Scripts Read", made, StringComparison.Ordinal);

        Assert.Matches("\"value\":\"ska_[0-9A-Za-z]{46}\"", await RunAsync("tee data/nightly.json"));
        var explained = await RunAsync("access explain");
        Assert.Contains("Refused.", explained, StringComparison.Ordinal);
        Assert.Contains("Allowed.", explained, StringComparison.Ordinal);
        Assert.Matches(Value(), await RunAsync("tokens roll"));

        Assert.Contains("\"status\":\"accepted\"", await RunAsync("ada=$("), StringComparison.Ordinal);
        var log = await RunAsync("audit verify");
        Assert.Contains("delete token", log, StringComparison.Ordinal);
        Assert.Contains("ada@example.com", log + await _terminal.RunAsync("skerry audit list --json"), StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(log, "All [0-9]+ entries are as they were written"));
    }

    public async ValueTask DisposeAsync()
    {
        await _terminal.DisposeAsync();
        await _node.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private Task<string> RunAsync(string part) => _terminal.RunAsync(Blocks.Of("docs/accounts.md").Shell(part));

    [GeneratedRegex("ska_[0-9A-Za-z]{46}")]
    private static partial Regex Value();
}
