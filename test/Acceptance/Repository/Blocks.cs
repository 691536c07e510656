using System.Text.RegularExpressions;

namespace Acceptance.Repository;

/// <summary>The fenced blocks of a document, as they stand.</summary>
internal sealed partial class Blocks
{
    private readonly List<(string Language, string Text)> _all;

    private Blocks(string document) =>
        _all = [.. Fence().Matches(RepositoryRoot.Read(document)).Select(static one => (one.Groups["language"].Value, one.Groups["text"].Value))];

    /// <summary>Reads a document.</summary>
    public static Blocks Of(string document) => new(document);

    /// <summary>The only block of shell commands that holds <paramref name="part"/>.</summary>
    public string Shell(string part) => Assert.Single(_all, one => one.Language == "sh" && one.Text.Contains(part, StringComparison.Ordinal)).Text;

    /// <summary>The only program.</summary>
    public string Program => Assert.Single(_all, static one => one.Language == "csharp").Text;

    [GeneratedRegex("^```(?<language>[a-z]+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
