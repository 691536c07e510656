using System.Xml.Linq;

namespace Acceptance.Repository;

/// <summary>Holds the arrows of docs/ARCHITECTURE.md: what a project may refer to, directly or over another.</summary>
public sealed class LayerTests
{
    // From below to above; each may use those before it.
    private static readonly string[] Layers =
        ["src/Skerry.Storage", "src/Skerry.Objects", "src/Skerry.Accounts", "samples/FlightSeating", "src/Skerry.Server"];

    public static TheoryData<string> All => [.. Layers];

    [Fact]
    public void Every_project_has_a_layer_and_the_architecture_tells_of_each()
    {
        var found = new[] { "src", "samples" }
            .SelectMany(folder => Directory.GetDirectories(Path.Combine(RepositoryRoot.Path, folder)))
            .Where(folder => Directory.GetFiles(folder, "*.csproj").Length > 0)
            .Select(folder => Path.GetRelativePath(RepositoryRoot.Path, folder));
        Assert.Equal(Layers.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));

        var table = RepositoryRoot.Read("docs/ARCHITECTURE.md").Split('\n')
            .Where(line => line.StartsWith("| `src/", StringComparison.Ordinal) || line.StartsWith("| `samples/", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]);
        Assert.Equal(Layers, table);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Arrows_point_downward(string project)
    {
        var below = Layers[..Array.IndexOf(Layers, project)];
        Assert.All(References(project), reference => Assert.Contains(reference, below));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Only_tests_and_benchmarks_see_internals(string project) =>
        Assert.All(
            Project(project).Descendants("InternalsVisibleTo").Select(one => (string)one.Attribute("Include")!),
            friend => Assert.True(
                friend is "Crash" or "Acceptance" or "Simulation" or "Integration" or "Skerry.Bench" || friend.EndsWith(".Tests", StringComparison.Ordinal),
                $"{project} shows its internals to {friend}"));

    private static IEnumerable<string> References(string project) =>
        Project(project).Descendants("ProjectReference")
            .Select(one => Path.GetFullPath(Path.Combine(RepositoryRoot.Path, project, (string)one.Attribute("Include")!)))
            .Select(file => Path.GetRelativePath(RepositoryRoot.Path, Path.GetDirectoryName(file)!));

    private static XDocument Project(string project) =>
        XDocument.Load(Path.Combine(RepositoryRoot.Path, project, Path.GetFileName(project) + ".csproj"));
}
