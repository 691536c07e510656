using System.Text.RegularExpressions;

namespace Acceptance.Repository;

/// <summary>The table of errors that people write code against has those that the runtime throws, and no others.</summary>
public sealed partial class ErrorCodeTests
{
    [Fact]
    public void The_table_of_errors_is_what_the_runtime_throws()
    {
        var thrown = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src", "Skerry.Objects"), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(static file => Thrown().Matches(File.ReadAllText(file)))
            .Select(static match => match.Groups["code"].Value)
            .Distinct().Order(StringComparer.Ordinal);
        var table = RepositoryRoot.Read("docs/objects.md").Split("## Errors")[1].Split("\n## ")[0];
        var documented = table.Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(static line => Code().Matches(line.Split('|')[1])).Select(static match => match.Groups["code"].Value)
            .Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(thrown, documented);
    }

    [GeneratedRegex("""(?:DurableObjectException\(\s*|Code = )"(?<code>[a-z]+_?[a-z_]*)"\s*[,)}]?""")]
    private static partial Regex Thrown();

    [GeneratedRegex("`(?<code>[a-z_]+)`")]
    private static partial Regex Code();
}
