using System.Globalization;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.Fleet;
using Xunit.Runner.InProc.SystemConsole;

namespace Skerry.Simulation;

/// <summary>
/// Begins as the test runner, or, with one of these words, as a program:
/// <code>
/// seeds COUNT [FIRST]    runs seeds, and prints those that fail
/// replay SEED [BUG]      runs one seed, and prints what happens
/// bugs [SEEDS]           plants each bug, and prints after how many seeds it is found
/// </code>
/// </summary>
internal static class EntryPoint
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["seeds", var count, .. var rest]:
                var first = rest is [var from] ? Number(from) : 1;
                var failures = SeedRun.Run(first, Number(count), PlantedBug.None, failuresMax: 20, Console.WriteLine);
                foreach (var failure in failures)
                {
                    Console.WriteLine(failure);
                }

                Console.WriteLine($"{count} seeds, {failures.Count} failed");
                return failures.Count == 0 ? 0 : 1;
            case ["replay", var seed, .. var rest]:
                var bug = rest is [var name] ? Enum.Parse<PlantedBug>(name) : PlantedBug.None;
                var found = new SimulatedFleet(Number(seed), bug, Console.WriteLine).Run();
                Console.WriteLine(found?.ToString() ?? "nothing went wrong");
                return found is null ? 0 : 1;
            case ["bug", var planted, var max]:
                var hit = BugTable.Find(Enum.Parse<PlantedBug>(planted), Number(max));
                Console.WriteLine(hit?.ToString() ?? "not found");
                return hit is null ? 1 : 0;
            case ["bugs", .. var rest]:
                BugTable.Print(rest is [var seeds] ? Number(seeds) : 2_000, Console.WriteLine);
                return 0;
            default:
                return await ConsoleRunner.Run(args);
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
