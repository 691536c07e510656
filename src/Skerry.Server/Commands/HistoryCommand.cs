using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Objects;
using Spectre.Console;

namespace Skerry.Server.Commands;

/// <summary><c>skerry objects history</c>: the states that an object can be restored to.</summary>
internal static class HistoryCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("history", "list the states that an object can be restored to, newest first");
        var which = ObjectArguments.AddTo(command);
        var limit = new Option<int>("--limit") { Description = "how many states to list, at most 1000 (default 20)", HelpName = "COUNT", DefaultValueFactory = static _ => 20 };
        var before = new Option<string?>("--before") { Description = "only states before this bookmark", HelpName = "BOOKMARK" };
        command.Options.Add(limit);
        command.Options.Add(before);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var query = $"limit={parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)}&cursor={Uri.EscapeDataString(parsed.GetValue(before) ?? "")}";
            var (result, info) = await api.AskAsync(HttpMethod.Get, $"{await which.PathAsync(parsed, api, cancel)}/history?{query}", null, cancel);
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
                return ExitCodes.Done;
            }

            var history = result.Deserialize(ManagementJson.Readable.HistoryResult)!;
            var output = new CommandOutput();
            if (history.Versions.Count == 0)
            {
                output.Line($"Object {history.Id} has no states{(parsed.GetValue(before) is null ? ": it has never written anything" : " before that")}.");
                return ExitCodes.Done;
            }

            output.Table(
                ["BOOKMARK", "TIME", "SIZE", "KEPT IN"],
                history.Versions.Select(one => (IReadOnlyList<string>)
                [
                    one.Bookmark == history.Current ? $"[green]{one.Bookmark}[/]" : one.Bookmark,
                    one.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                    CommandOutput.Bytes(one.Bytes),
                    Markup.Escape(one.KeptIn),
                ]));
            if (info?.GetProperty("cursor").GetString() is { Length: > 0 } next)
            {
                output.Line($"[grey]There are more: --before {next}[/]");
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
