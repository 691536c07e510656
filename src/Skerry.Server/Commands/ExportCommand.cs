using System.CommandLine;

namespace Skerry.Server.Commands;

/// <summary><c>skerry objects export</c>: an object's database as a plain SQLite file.</summary>
internal static class ExportCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("export", "write an object's database into a plain SQLite file");
        var which = ObjectArguments.AddTo(command);
        var at = new PointOptions("--at");
        at.AddTo(command);
        var output = new Option<string?>("--out") { Description = "the file (default OBJECT.sqlite in the working folder); - for the standard output", HelpName = "FILE" };
        var force = new Option<bool>("--force") { Description = "replace a file that is there" };
        command.Options.Add(output);
        command.Options.Add(force);
        var connection = NodeConnection.AddTo(command, withJson: false);
        command.SetAction(async (parsed, cancel) =>
        {
            var file = parsed.GetValue(output) ?? $"{string.Concat(which.ObjectIn(parsed).Select(static one => Path.GetInvalidFileNameChars().Contains(one) ? '_' : one))}.sqlite";
            if (file != "-" && File.Exists(file) && !parsed.GetValue(force))
            {
                throw new CommandException(ExitCodes.Failed, $"{file} is there already; name another with --out, or replace it with --force");
            }

            using var api = connection.Open(parsed);
            using var response = await api.SendAsync(HttpMethod.Get, $"{await which.PathAsync(parsed, api, cancel)}/export{at.ToQuery(parsed)}", null, cancel);
            var bookmark = response.Headers.TryGetValues("Skerry-Bookmark", out var values) ? values.First() : "";
            if (file == "-")
            {
                await using var standard = Console.OpenStandardOutput();
                await CopyAsync(response, standard, cancel);
                return ExitCodes.Done;
            }

            await SaveAsync(response, file, cancel);
            new CommandOutput().Line($"{file} has the state of {bookmark}.");
            return ExitCodes.Done;
        });
        return command;
    }

    // Half a file must not be taken for a whole one, so it gets its name at the end.
    private static async Task SaveAsync(HttpResponseMessage response, string file, CancellationToken cancel)
    {
        var partial = file + ".part";
        try
        {
            await using (var target = new FileStream(partial, FileMode.Create, FileAccess.Write))
            {
                await CopyAsync(response, target, cancel);
                target.Flush(flushToDisk: true);
            }

            File.Move(partial, file, overwrite: true);
        }
        catch (Exception e)
        {
            File.Delete(partial);
            if (e is UnauthorizedAccessException or IOException and not HttpIOException)
            {
                throw new CommandException(ExitCodes.Failed, $"{file} cannot be written: {e.Message}");
            }

            throw;
        }
    }

    private static async Task CopyAsync(HttpResponseMessage response, Stream target, CancellationToken cancel)
    {
        try
        {
            await response.Content.CopyToAsync(target, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            throw new CommandException(ExitCodes.Failed, $"the node ended the connection before the file was whole ({e.Message.TrimEnd('.')}); try again");
        }
    }
}
