using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Audit;
using Spectre.Console;

namespace Skerry.Server.Commands;

/// <summary><c>skerry audit list</c>: what was changed in the account, and by which token.</summary>
internal static class AuditListCommand
{
    private const int LimitDefault = 20;

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("list", "what was changed in the account and by whom, newest first");
        var limit = new Option<int>("--limit") { Description = "how many entries at most", DefaultValueFactory = static _ => LimitDefault, HelpName = "COUNT" };
        var token = new Option<string?>("--token-id") { Description = "only what this token did", HelpName = "ID" };
        var resource = new Option<string?>("--resource-id") { Description = "only what was done to this", HelpName = "ID" };
        command.Options.Add(limit);
        command.Options.Add(token);
        command.Options.Add(resource);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var query = string.Create(CultureInfo.InvariantCulture, $"limit={parsed.GetValue(limit)}")
                + (parsed.GetValue(token) is { } by ? $"&actor_token_id={Uri.EscapeDataString(by)}" : "")
                + (parsed.GetValue(resource) is { } what ? $"&resource_id={Uri.EscapeDataString(what)}" : "");
            var (result, _) = await api.AskAsync(HttpMethod.Get, $"{await api.AccountPathAsync(cancel)}/logs/audit?{query}", null, cancel);
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
            }
            else
            {
                Show(new(), result.Deserialize(ManagementJson.Readable.IReadOnlyListAuditResult)!);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static void Show(CommandOutput output, IReadOnlyList<AuditResult> entries) => output.Table(
        ["TIME", "ACTION", "ID", "BY", "FROM"],
        entries.Select(static one => (IReadOnlyList<string>)
        [
            one.Action.Time.ToString("u", CultureInfo.InvariantCulture),
            Markup.Escape(one.Action.Description),
            Markup.Escape(one.Resource.Id),
            Markup.Escape(one.Actor.TokenName is { } name ? $"token {name} ({one.Actor.TokenId})" : one.Actor.Type),
            Markup.Escape(one.Actor.IpAddress ?? "-"),
        ]));
}
