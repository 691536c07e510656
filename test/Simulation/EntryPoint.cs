using System.Globalization;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.Fleet;
using Xunit.Runner.InProc.SystemConsole;

namespace Skerry.Simulation;

/// <summary>
/// Begins as the test runner, or, with one of these words, as a program:
/// <code>
/// seeds [--from SEED] [--count COUNT]    runs seeds, and prints those that fail; says how far it is, and how to go on from there
/// replay SEED [BUG]                      runs one seed, and prints what happens
/// bugs [--count COUNT] [--write FILE]    plants each bug, and prints after how many seeds it is found; writes the table into the document
/// </code>
/// </summary>
internal static class EntryPoint
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["seeds", .. var options]:
                return Seeds(Number(options, "--from") ?? 1, Number(options, "--count") ?? 2_000);
            case ["replay", var seed, .. var rest]:
                var bug = rest is [var name] ? Enum.Parse<PlantedBug>(name) : PlantedBug.None;
                var found = new SimulatedFleet(Number(seed), bug, Console.WriteLine).Run();
                Console.WriteLine(found?.ToString() ?? "nothing went wrong");
                return found is null ? 0 : 1;
            case ["bugs", .. var options]:
                var table = BugTable.Make(Number(options, "--count") ?? 2_000, Console.WriteLine);
                if (Text(options, "--write") is { } file)
                {
                    BugTable.Replace(file, table);
                }

                return 0;
            default:
                return await ConsoleRunner.Run(args);
        }
    }

    /// <summary>In parts, so that everything before a number that was printed is done.</summary>
    private static int Seeds(int from, int count)
    {
        const int Part = 1_000;
        var (began, failed) = (TimeProvider.System.GetTimestamp(), 0);
        for (var done = 0; done < count;)
        {
            var part = Math.Min(Part, count - done);
            foreach (var failure in SeedRun.Run(from + done, part, PlantedBug.None, failuresMax: int.MaxValue))
            {
                failed++;
                Console.WriteLine(failure);
            }

            done += part;
            var rate = done / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            var rest = done == count ? "" : string.Create(
                CultureInfo.InvariantCulture, $", {(count - done) / rate / 60:f0} minutes left; to go on from here: seeds --from {from + done} --count {count - done}");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} of {count} seeds, {failed} failed, {rate:f1} a second{rest}"));
        }

        return failed == 0 ? 0 : 1;
    }

    private static int? Number(string[] options, string name) => Text(options, name) is { } text ? Number(text) : null;

    private static string? Text(string[] options, string name) =>
        Array.IndexOf(options, name) is var at and >= 0 && at + 1 < options.Length ? options[at + 1] : null;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
