using System.Globalization;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.Fleet;

namespace Skerry.Simulation;

public sealed class SeedTests(ITestOutputHelper output)
{
    /// <summary>
    /// 2,000 seeds, or 20,000 with SKERRY_LONG, or as many as SKERRY_SIM_SEEDS says. SKERRY_SIM_SEED replays one, and
    /// prints what happens in it.
    /// </summary>
    [Fact]
    public void Every_seed_holds()
    {
        if (Setting("SKERRY_SIM_SEED") is { } seed)
        {
            Assert.Null(new SimulatedFleet(seed, PlantedBug.None, output.WriteLine).Run());
            return;
        }

        var seeds = Setting("SKERRY_SIM_SEEDS") ?? (Environment.GetEnvironmentVariable("SKERRY_LONG") == "1" ? 20_000 : 2_000);
        var failures = SeedRun.Run(1, seeds, PlantedBug.None, failuresMax: 10);
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Fact]
    public void One_seed_is_one_run()
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var (first, again) = (new List<string>(), new List<string>());
            new SimulatedFleet(seed, PlantedBug.None, first.Add).Run();
            new SimulatedFleet(seed, PlantedBug.None, again.Add).Run();
            Assert.True(first.Count > 50);
            Assert.Equal(first, again);
        }
    }

    [Fact]
    public void What_has_not_changed_need_not_be_looked_at_again()
    {
        Assert.Null(new SimulatedFleet(1, checksAll: true).Run());
        foreach (var bug in new[] { PlantedBug.SkipTheSeal, PlantedBug.ConfirmAtMinority, PlantedBug.SkipPromotion, PlantedBug.AnswerForAnother })
        {
            var found = BugTable.Find(bug, 1_500)!;
            var (all, changed) = (new SimulatedFleet(found.Seed, bug, checksAll: true), new SimulatedFleet(found.Seed, bug));
            Assert.Equal(all.Run()?.Message, changed.Run()?.Message);
            Assert.Equal(all.Scheduler.Steps, changed.Scheduler.Steps);
        }
    }

    [Fact]
    public void Runs_are_eventful()
    {
        // What the seeds have to contain, so that they mean something: takeovers that found records, moves, fences.
        var trace = string.Join('\n', Enumerable.Range(1, 60).SelectMany(seed =>
        {
            var lines = new List<string>();
            Assert.Null(new SimulatedFleet(seed, PlantedBug.None, lines.Add).Run());
            return lines;
        }));
        string[] expected =
        [
            "is being taken over", "is sealed: everything it confirmed", "fenced: ", "stops in good order", "cannot be recovered yet",
            "burns ", "freezes ", "cuts ", "isolates ", "takes the bucket out", "fills ", "has n", "recovery epoch 2", "Nothing of session",
            "replaces ", "damages what ", "of the follower's log is damaged", "damages files in the bucket", "is damaged at byte ", "the disk is full",
        ];
        Assert.All(expected, what => Assert.Contains(what, trace, StringComparison.Ordinal));
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
