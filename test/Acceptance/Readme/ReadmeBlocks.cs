using System.Text.RegularExpressions;
using Acceptance.Repository;

namespace Acceptance.Readme;

/// <summary>The README's blocks, as they stand.</summary>
internal static partial class ReadmeBlocks
{
    private static readonly List<(string Language, string Text)> All =
        [.. Fence().Matches(RepositoryRoot.Read("README.md")).Select(one => (one.Groups["language"].Value, one.Groups["text"].Value))];

    /// <summary>The only block of shell commands that holds <paramref name="part"/>.</summary>
    public static string Shell(string part) => Assert.Single(All, one => one.Language == "sh" && one.Text.Contains(part, StringComparison.Ordinal)).Text;

    /// <summary>The only program.</summary>
    public static string Program => Assert.Single(All, one => one.Language == "csharp").Text;

    [GeneratedRegex("^```(?<language>[a-z]+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
