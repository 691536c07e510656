using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace Skerry.Server.Commands;

/// <summary>Writes for people on a terminal, with colour and lines; and without either where the output is piped.</summary>
internal sealed class CommandOutput
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IAnsiConsole _console;
    private readonly bool _plain = Console.IsOutputRedirected;

    /// <summary>Writes to the standard output.</summary>
    public CommandOutput()
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) };
        if (_plain)
        {
            settings.Ansi = AnsiSupport.No;
            settings.ColorSystem = ColorSystemSupport.NoColors;
        }

        _console = AnsiConsole.Create(settings);
        if (_plain)
        {
            // One line stays one line for whatever reads it.
            _console.Profile.Width = 10_000;
        }
    }

    /// <summary>Writes JSON as the API gave it.</summary>
    public static void Json(JsonElement element) => Console.Out.WriteLine(JsonSerializer.Serialize(element, Indented));

    /// <summary>Writes a line of markup.</summary>
    public void Line(FormattableString markup) => _console.MarkupLineInterpolated(CultureInfo.InvariantCulture, markup);

    /// <summary>Writes a table; cells are markup.</summary>
    public void Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = _plain ? TableBorder.None : TableBorder.Rounded, UseSafeBorder = true };
        foreach (var header in headers)
        {
            table.AddColumn(new TableColumn(_plain ? header : $"[bold]{header}[/]") { NoWrap = _plain });
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row]);
        }

        _console.Write(table);
    }

    /// <summary>Bytes for people.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }
}
