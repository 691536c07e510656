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
}
