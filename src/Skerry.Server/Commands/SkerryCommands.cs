using System.CommandLine;
using System.CommandLine.Help;
using Spectre.Console;

namespace Skerry.Server.Commands;

/// <summary>What <c>skerry</c> does besides being a node: <c>nodes</c>, <c>objects …</c>, <c>tokens …</c>, <c>audit …</c>, <c>access …</c>, <c>cluster …</c>.</summary>
internal static class SkerryCommands
{
    /// <summary>The commands' lines in the help text.</summary>
    public static IReadOnlyList<(string Usage, string Summary)> Summaries { get; } =
        [.. Tree().Subcommands.SelectMany(static one => one.Subcommands.Count == 0
            ? [($"skerry {one.Name}", one.Description!)]
            : one.Subcommands.Select(sub => ($"skerry {one.Name} {sub.Name}", sub.Description!)))];

    /// <summary>Whether a command line names a command; else it starts a node.</summary>
    public static bool Names(IReadOnlyList<string> arguments) =>
        arguments.Count > 0 && Tree().Subcommands.Any(one => one.Name == arguments[0]);

    /// <summary>Runs a command, and answers its exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var parsed = Tree().Parse(arguments);
        if (parsed.Action is not HelpAction && parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine($"skerry: {error.Message}");
            }

            Console.Error.WriteLine($"skerry: see skerry {string.Join(' ', PathOf(parsed.CommandResult.Command))} --help");
            return ExitCodes.WrongUsage;
        }

        try
        {
            return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false });
        }
        catch (CommandException e)
        {
            Console.Error.WriteLine($"skerry: {e.Message.ReplaceLineEndings(" ")}");
            return e.ExitCode;
        }
        catch (StartupException e)
        {
            Console.Error.WriteLine($"skerry: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCodes.NotAsked;
        }
    }

    private static RootCommand Tree() => new("Asks a running node.")
    {
        NodesCommand.Make(),
        new Command("objects", "Objects' pasts.") { HistoryCommand.Make(), RestoreCommand.Make(), ExportCommand.Make(), VerifyCommand.Make() },
        TokensCommand.Make(),
        new Command("audit", "The account's audit log.") { AuditListCommand.Make(), AuditVerifyCommand.Make() },
        new Command("access", "Who may do what.") { ExplainCommand.Make() },
        new Command("cluster", "What nodes share.") { ClusterKeyCommand.Make() },
    };

    private static IEnumerable<string> PathOf(Command command) =>
        command is RootCommand ? [] : [.. command.Parents.OfType<Command>().SelectMany(PathOf), command.Name];
}
