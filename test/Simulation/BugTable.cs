using System.Globalization;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.Checks;
using Skerry.Simulation.Fleet;

namespace Skerry.Simulation;

/// <summary>After how many seeds each planted bug is found, and by which check.</summary>
internal static class BugTable
{
    /// <summary>The first line of the table.</summary>
    public const string Header = "| planted bug | seeds until found | found by the statement |";

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

    /// <summary>Makes the table of the document, and prints each line as soon as it is known.</summary>
    public static IReadOnlyList<string> Make(int seedsMax, Action<string> print)
    {
        List<string> table = [];
        Add(Header);
        Add("| --- | ---: | --- |");
        foreach (var bug in Bugs)
        {
            var found = Find(bug, seedsMax);
            Add($"| {bug} | {found?.Seed.ToString(CultureInfo.InvariantCulture) ?? $"not in {seedsMax}"} | {(found?.Failure is Violation violation ? violation.Statement : found?.Failure.GetType().Name)} |");
        }

        return table;

        void Add(string line)
        {
            table.Add(line);
            print(line);
        }
    }

    /// <summary>Puts the table into a document, instead of the one that is there.</summary>
    public static void Replace(string file, IReadOnlyList<string> table)
    {
        var lines = File.ReadAllLines(file).ToList();
        var at = lines.IndexOf(Header);
        var length = lines.Skip(at).TakeWhile(static line => line.StartsWith('|')).Count();
        lines.RemoveRange(at, length);
        lines.InsertRange(at, table);
        File.WriteAllText(file, string.Join('\n', lines) + "\n");
    }
}
