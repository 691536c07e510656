using System.Text.RegularExpressions;

namespace Acceptance.Repository;

/// <summary>What people read first: short, with links that lead somewhere; and what runs for every change.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents =>
    [
        "README.md", "CONTRIBUTING.md", "samples/FlightSeating/README.md",
        .. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "docs"), "*.md").Select(file => Path.GetRelativePath(RepositoryRoot.Path, file)),
    ];

    [Fact]
    public void The_README_is_under_120_lines() =>
        Assert.InRange(RepositoryRoot.Read("README.md").Split('\n').Length - 1, 1, 119);

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_lead_somewhere(string document)
    {
        foreach (Match link in Link().Matches(RepositoryRoot.Read(document)))
        {
            var target = link.Groups["target"].Value;
            if (target.Contains("://", StringComparison.Ordinal))
            {
                continue;
            }

            var parts = target.Split('#');
            var path = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
            var file = Path.GetFullPath(Path.Combine(RepositoryRoot.Path, path));
            Assert.True(Path.Exists(file), $"{document} links to {target}");
            if (parts.Length > 1)
            {
                Assert.Contains(parts[1], Headings(File.ReadAllText(file)));
            }
        }
    }

    [Fact]
    public void Every_setting_is_documented()
    {
        var document = RepositoryRoot.Read("docs/configuration.md");
        var keys = new[] { "SettingTable.cs", "SignInSettings.cs", "FleetSettings.cs" }
            .SelectMany(file => SettingKey().Matches(RepositoryRoot.Read($"src/Skerry.Server/Configuration/{file}")))
            .Select(match => match.Groups["key"].Value).ToList();
        Assert.Contains("data", keys);
        Assert.Contains("node.roles", keys);
        Assert.Contains("sign_in.oidc_create_users", keys);
        Assert.All(keys, key => Assert.Contains($"| `{key}` |", document, StringComparison.Ordinal));
    }

    [Fact]
    public void The_workflow_runs_what_anybody_can_run_and_nothing_else()
    {
        var runs = RepositoryRoot.Read(".github/workflows/ci.yml").Split('\n')
            .Select(line => line.Trim().TrimStart('-').Trim())
            .Where(line => line.StartsWith("run:", StringComparison.Ordinal));
        Assert.Equal("run: .ci/run", Assert.Single(runs));
    }

    // GitHub's anchors: lower case, spaces to hyphens, punctuation gone.
    private static IEnumerable<string> Headings(string markdown) =>
        markdown.Split('\n').Where(line => line.StartsWith('#'))
            .Select(line => NotInAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"(?<!`)\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"(new|Whole|File|Boolean)\(\s*""(?<key>[a-z_.]+)""")]
    private static partial Regex SettingKey();
}
