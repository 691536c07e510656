using Skerry.Simulation.Bugs;
using Skerry.Simulation.Checks;
using Skerry.Simulation.Fleet;

namespace Skerry.Simulation;

/// <summary>After how many seeds each planted bug is found, and by which check.</summary>
internal static class BugTable
{
    public static IEnumerable<PlantedBug> Bugs => Enum.GetValues<PlantedBug>().Where(static bug => bug != PlantedBug.None);

    /// <summary>The first seed that finds a bug; null if none does.</summary>
    public static SeedFailure? Find(PlantedBug bug, int seedsMax)
    {
        const int Step = 8;
        for (var first = 1; first <= seedsMax; first += Step)
        {
            // That objects do not answer is a failure, but does not count as having found a bug that loses or mixes up data.
            if (SeedRun.Run(first, Step, bug, failuresMax: Step).Find(static f => f.Failure is not Violation { Statement: "availability" }) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public static void Print(int seedsMax, Action<string> line)
    {
        line("| planted bug | seeds until found | found by the statement |");
        line("| --- | --- | --- |");
        foreach (var bug in Bugs)
        {
            var found = Find(bug, seedsMax);
            line($"| {bug} | {found?.Seed.ToString() ?? $"not in {seedsMax}"} | {(found?.Failure is Violation violation ? violation.Statement : found?.Failure.GetType().Name)} |");
        }
    }
}
