using System.Globalization;
using Skerry.Bench.Figures;
using Skerry.Bench.Measuring;
using Skerry.Bench.Ours;
using Skerry.Bench.Reporting;

namespace Skerry.Bench;

/// <summary>Takes the figures of a suite one after another, prints and keeps them.</summary>
internal static class SuiteRunner
{
    /// <summary>Runs what the arguments ask for.</summary>
    /// <returns>The exit code: 0, or 1 if a figure could not be taken. A missed target is a result, not an error.</returns>
    public static async Task<int> Run(BenchArguments arguments, string[] args, string repository, CancellationToken cancel)
    {
        var folder = Path.Combine(arguments.DataParent, "skerry-bench-" + Guid.NewGuid().ToString("n")[..8]);
        if (Machine.FileSystem(folder) is "tmpfs" or "ramfs")
        {
            await Console.Error.WriteLineAsync($"{arguments.DataParent} is in memory, where a confirmed write costs nothing; name a folder on a disk with --data.");
            return 2;
        }

        Directory.CreateDirectory(folder);
        try
        {
            var load = Machine.Load();
            var flush = DiskFlush.Microseconds(folder);
            var before = string.Create(CultureInfo.InvariantCulture, $"load average {load}; a flush of 4 KiB takes {flush.Median:0} us (p50), {flush.P90:0} us (p90)");
            await Console.Error.WriteLineAsync(before);
            if (double.Parse(load, CultureInfo.InvariantCulture) > Environment.ProcessorCount / 2.0)
            {
                await Console.Error.WriteLineAsync("The machine is busy: the figures will say little.");
            }

            var run = new BenchRun(arguments.PeersOnly ? null : Subject.Current, folder, repository);
            var (results, failures) = await Take(arguments, run, cancel);
            Console.WriteLine();
            ResultTable.Print(results);
            if (arguments.OutFolder is { } outFolder && failures == 0)
            {
                var command = "dotnet run -c Release --project bench/Skerry.Bench -- " + string.Join(' ', args);
                await ResultFiles.Write(outFolder, arguments.Suite, await Machine.Describe(run, command, before, cancel), results, cancel);
                Console.WriteLine($"Written to {outFolder}");
            }

            return failures == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(List<FigureResult> Results, int Failures)> Take(BenchArguments arguments, BenchRun run, CancellationToken cancel)
    {
        var results = new List<FigureResult>();
        var failures = 0;
        foreach (var figure in Suites.All[arguments.Suite])
        {
            if (arguments.Only.Count > 0 && !arguments.Only.Contains(figure.Name))
            {
                continue;
            }

            try
            {
                var result = new FigureResult(arguments.Suite, figure, await figure.Run(run, cancel));
                results.Add(result);
                Console.WriteLine(ResultJson.Line(result));
                if (result.Note.Length > 0)
                {
                    await Console.Error.WriteLineAsync($"{figure.Name}: {result.Note}");
                }
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // One figure that cannot be taken must not cost the others, but it fails the run.
                failures++;
                await Console.Error.WriteLineAsync($"{figure.Name}: {(error is BenchException ? error.Message : error)}");
            }
        }

        return (results, failures);
    }
}
