using System.Text;
using Skerry.Server.Commands;

namespace Skerry.Server.Configuration;

/// <summary>The text of <c>skerry --help</c>.</summary>
internal static class HelpText
{
    /// <summary>The whole text, made from <see cref="SettingTable"/>.</summary>
    public static string Write()
    {
        var text = new StringBuilder(
            """
            skerry: durable objects with their own SQLite database, on your own machine.

            Usage: skerry [options]     starts a node
                   skerry COMMAND       asks a running one; skerry COMMAND --help tells more


            """);
        Table(text, SkerryCommands.Summaries);
        text.AppendLine();
        var options = SettingTable.All.Select(s => ($"{s.Flag} {s.ValueName}", s.Summary)).ToList();
        options.Add(("--config FILE", $"TOML or JSON (default {ConfigurationFile.DefaultName} in the working folder, if present)"));
        options.Add(("--help", "this text"));
        options.Add(("--version", "the version"));
        Table(text, options);
        text.Append(
            """

            Every option can also be set in the environment (--api-url is SKERRY_API_URL) and in the
            configuration file (--objects-history-days is history_days under [objects]). The command line wins
            over the environment, the environment over the file. A configuration error ends the process with code 2.

            """);
        return text.ToString();
    }

    private static void Table(StringBuilder text, IReadOnlyList<(string Name, string Summary)> lines)
    {
        var width = lines.Max(static line => line.Name.Length);
        foreach (var (name, summary) in lines)
        {
            text.Append("  ").Append(name.PadRight(width + 2)).AppendLine(summary);
        }
    }
}
