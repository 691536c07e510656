using System.Globalization;

namespace Skerry.Simulation.Bugs;

public sealed class PlantedBugTests
{
    /// <summary>Each is found much earlier (docs/simulation.md); the limit leaves room for seeds to be dealt anew.</summary>
    private const int SeedsMax = 1_500;

    public static TheoryData<string> Bugs => [.. BugTable.Bugs.Select(static bug => bug.ToString())];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void Is_found(string bug) =>
        Assert.NotNull(BugTable.Find(Enum.Parse<PlantedBug>(bug), SeedsMax));

    [Fact]
    public void The_document_has_the_same_bugs_and_says_after_how_many_seeds_each_was_found()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Skerry.slnx")))
        {
            root = root.Parent!;
        }

        var rows = File.ReadAllLines(Path.Combine(root.FullName, "docs", "simulation.md"))
            .SkipWhile(static line => line != BugTable.Header)
            .Skip(2)
            .TakeWhile(static line => line.StartsWith('|'))
            .Select(static line => line.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        Assert.Equal(BugTable.Bugs.Select(static bug => bug.ToString()), rows.Select(static row => row[0]));
        Assert.All(rows, static row => Assert.InRange(int.Parse(row[1], CultureInfo.InvariantCulture), 1, SeedsMax));
        Assert.All(rows, static row => Assert.Matches("^(alarms|[1-7])", row[2]));
    }
}
