using System.Globalization;

namespace Skerry.Simulation;

public sealed class SeedTests
{
    [Fact]
    public void Every_seed_holds()
    {
        var seeds = int.Parse(Environment.GetEnvironmentVariable("SKERRY_SIM_SEEDS") ?? "2000", CultureInfo.InvariantCulture);
        var failures = SeedRun.Run(1, seeds, Bugs.PlantedBug.None, failuresMax: 10);
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }
}
