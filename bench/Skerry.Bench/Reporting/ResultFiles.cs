using System.Globalization;
using System.Text;

namespace Skerry.Bench.Reporting;

/// <summary>The files that are kept with the source: one JSON line a figure, and a page for people.</summary>
internal static class ResultFiles
{
    /// <summary>Replaces both files of a suite. Nothing in them depends on the date, so that a diff shows figures only.</summary>
    public static async Task Write(
        string folder, string suite, IReadOnlyList<string> machine, IReadOnlyList<FigureResult> results, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var lines = string.Concat(results.Select(result => ResultJson.Line(result) + "\n"));
        await File.WriteAllTextAsync(Path.Combine(folder, suite + ".jsonl"), lines, cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, suite + ".md"), Page(suite, machine, results), cancel);
    }

    private static string Page(string suite, IReadOnlyList<string> machine, IReadOnlyList<FigureResult> results)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"# Suite `{suite}`\n\n");
        page.AppendJoin('\n', machine);
        page.Append("\n\nHow each figure is taken: [docs/benchmarks.md](../../docs/benchmarks.md). A ratio above 1 is better than the peer.\n\n");
        page.Append("| figure | value | peer | peer's value | ratio | target | met | notes |\n");
        page.Append("| --- | ---: | --- | ---: | ---: | --- | --- | --- |\n");
        foreach (var result in results)
        {
            page.Append('|').AppendJoin('|', Cells(result).Select(cell => $" {cell} ")).Append("|\n");
        }

        return page.ToString();
    }

    private static IEnumerable<string> Cells(FigureResult result) =>
    [
        $"`{result.Name}`",
        ResultTable.Number(result.Value, result.Unit),
        result.Peer ?? "-",
        ResultTable.Number(result.PeerValue, result.Unit),
        result.Ratio?.ToString("0.##", CultureInfo.InvariantCulture) ?? "-",
        result.Target,
        result.IsMet switch { true => "yes", false => "**no**", null => "-" },
        result.Note,
    ];
}
