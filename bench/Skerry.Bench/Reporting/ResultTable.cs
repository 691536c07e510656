using System.Globalization;
using Spectre.Console;

namespace Skerry.Bench.Reporting;

/// <summary>Results for a terminal, or in plain characters for a pipe.</summary>
internal static class ResultTable
{
    private const int PipeWidth = 200;

    /// <summary>Prints all results.</summary>
    public static void Print(IEnumerable<FigureResult> results)
    {
        var console = AnsiConsole.Console;
        var table = new Table { Border = TableBorder.Rounded };
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PipeWidth;
            table.Border = TableBorder.Ascii;
        }

        table.AddColumns("figure", "value", "peer", "peer's value", "ratio", "target", "met");
        for (var column = 1; column <= 4; column++)
        {
            if (column != 2)
            {
                table.Columns[column].Alignment = Justify.Right;
            }
        }

        foreach (var result in results)
        {
            table.AddRow(
                Markup.Escape(result.Name),
                Number(result.Value, result.Unit),
                Markup.Escape(result.Peer ?? "-"),
                Number(result.PeerValue, result.Unit),
                result.Ratio?.ToString("0.##", CultureInfo.InvariantCulture) ?? "-",
                Markup.Escape(result.Target),
                Met(result.IsMet));
        }

        console.Write(table);
    }

    /// <summary>A value with its unit, or a dash.</summary>
    public static string Number(double? value, string unit) =>
        value is { } number ? number.ToString(number < 100 ? "0.##" : "n0", CultureInfo.InvariantCulture) + " " + unit : "-";

    private static string Met(bool? met) => met switch
    {
        true => "[green]yes[/]",
        false => "[red]no[/]",
        null => "-",
    };
}
