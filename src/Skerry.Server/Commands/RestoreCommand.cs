using System.CommandLine;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Objects;

namespace Skerry.Server.Commands;

/// <summary><c>skerry objects restore</c>: makes a state of the past an object's present.</summary>
internal static class RestoreCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("restore", "make a state of the past an object's present; can be undone");
        var which = ObjectArguments.AddTo(command);
        var to = new PointOptions("--to");
        to.AddTo(command);
        command.Validators.Add(parsed =>
        {
            if (!to.IsGivenIn(parsed))
            {
                parsed.AddError("Give --to BOOKMARK or --time TIME: skerry objects history shows what there is.");
            }
        });
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var body = to.ToJson(parsed);
            var (result, _) = await api.AskAsync(HttpMethod.Post, $"{await which.PathAsync(parsed, api, cancel)}/restore", body, cancel);
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
                return ExitCodes.Done;
            }

            var restored = result.Deserialize(ManagementJson.Readable.RestoredResult)!;
            var output = new CommandOutput();
            output.Line($"[green]The object is as it was at {restored.From}.[/]");
            output.Line($"To undo that: skerry objects restore {Quoted(which.NamespaceIn(parsed))} {Quoted(which.ObjectIn(parsed))} --to {restored.Undo}");
            return ExitCodes.Done;
        });
        return command;
    }

    // As a shell takes it.
    private static string Quoted(string text) =>
        text.All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_' or '.') ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
