using Skerry.Bench.Figures;

namespace Skerry.Bench;

/// <summary>What to measure and where to write it.</summary>
/// <param name="Suite">The suite's name.</param>
/// <param name="Only">The figures to take; empty for all.</param>
/// <param name="OutFolder">Where result files go; null writes none.</param>
/// <param name="DataParent">Where the run makes its data folder; must be on a disk, for confirmed writes are what is measured.</param>
/// <param name="PeersOnly">Leaves our half out.</param>
internal sealed record BenchArguments(string Suite, IReadOnlyList<string> Only, string? OutFolder, string DataParent, bool PeersOnly)
{
    /// <summary>How to call the program.</summary>
    public const string Usage =
        """
        usage: dotnet run -c Release --project bench/Skerry.Bench -- <suite> [--only name]... [--out folder] [--data folder] [--peers-only]
          suite         objects, relay, or accounts
          --only        take this figure alone; may be given several times. Without --out no files are written then.
          --out         folder for <suite>.jsonl and <suite>.md; default bench/results
          --data        where temporary data goes, on a real disk; default /var/tmp
          --peers-only  leave our half out; without --out no files are written then
        """;

    /// <summary>Reads the command line.</summary>
    /// <param name="args">As given to the program.</param>
    /// <param name="defaultOutFolder">The folder of a whole run's results.</param>
    /// <param name="error">What is wrong, if the answer is null.</param>
    public static BenchArguments? Parse(IReadOnlyList<string> args, string defaultOutFolder, out string error)
    {
        error = "";
        if (args.Count == 0)
        {
            error = "Which suite?";
            return null;
        }

        if (!Suites.All.TryGetValue(args[0], out var figures))
        {
            error = $"There is no suite '{args[0]}'; there is: {string.Join(", ", Suites.All.Keys)}.";
            return null;
        }

        var arguments = new BenchArguments(args[0], [], null, "/var/tmp", PeersOnly: false);
        for (var i = 1; i < args.Count; i++)
        {
            if (args[i] == "--peers-only")
            {
                arguments = arguments with { PeersOnly = true };
                continue;
            }

            if (i + 1 == args.Count)
            {
                error = $"'{args[i]}' is not known, or lacks its value.";
                return null;
            }

            var value = args[i + 1];
            switch (args[i++])
            {
                case "--only" when figures.Any(figure => figure.Name == value):
                    arguments = arguments with { Only = [.. arguments.Only, value] };
                    break;
                case "--only":
                    error = $"Suite '{args[0]}' has no figure '{value}'; it has: {string.Join(", ", figures.Select(figure => figure.Name))}.";
                    return null;
                case "--out":
                    arguments = arguments with { OutFolder = value };
                    break;
                case "--data":
                    arguments = arguments with { DataParent = Path.GetFullPath(value) };
                    break;
                default:
                    error = $"'{args[i - 1]}' is not known.";
                    return null;
            }
        }

        // Part of a suite must not replace the results of the whole.
        var whole = arguments.Only.Count == 0 && !arguments.PeersOnly;
        return arguments with { OutFolder = arguments.OutFolder ?? (whole ? defaultOutFolder : null) };
    }
}
