using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Skerry.Accounts.Permissions;
using Skerry.Server.Management;
using Skerry.Server.Management.Tokens;
using Spectre.Console;

namespace Skerry.Server.Commands;

/// <summary><c>skerry tokens …</c>: the tokens that the account owns.</summary>
internal static class TokensCommand
{
    private const int PageSize = 50;

    /// <summary>Makes the commands.</summary>
    public static Command Make() => new("tokens", "The account's tokens.") { MakeList(), MakeCreate(), MakeRoll(), MakeDelete() };

    private static Command MakeList()
    {
        var command = new Command("list", "the tokens that the account owns, newest first");
        var page = new Option<int>("--page") { Description = $"which page of {PageSize}", DefaultValueFactory = static _ => 1, HelpName = "NUMBER" };
        command.Options.Add(page);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var query = string.Create(CultureInfo.InvariantCulture, $"per_page={PageSize}&page={parsed.GetValue(page)}");
            var (result, info) = await api.AskAsync(HttpMethod.Get, $"{await api.AccountPathAsync(cancel)}/tokens?{query}", null, cancel);
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
                return ExitCodes.Done;
            }

            var output = new CommandOutput();
            output.Table(
                ["ID", "NAME", "STATUS", "MAY", "EXPIRES", "LAST USED"],
                result.Deserialize(ManagementJson.Readable.IReadOnlyListTokenResult)!.Select(Row));
            if (info?.GetProperty("total_pages").GetInt32() is { } pages && pages > parsed.GetValue(page))
            {
                output.Line($"[grey]Page {parsed.GetValue(page)} of {pages}; the next one: --page {parsed.GetValue(page) + 1}[/]");
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command MakeCreate()
    {
        var command = new Command("create", "make a token that the account owns, and print its value: this once");
        var name = new Argument<string>("NAME") { Description = "for people" };
        var allow = new Option<string[]>("--allow") { Description = "a permission group, such as \"Queues Write\"; may be repeated", HelpName = "GROUP", Required = true };
        var on = new Option<string?>("--on") { Description = "a resource in the account (default: all of it)", HelpName = "RESOURCE" };
        var expires = new Option<string?>("--expires") { Description = "when it ends, such as 2027-01-31T12:00:00Z (default: never)", HelpName = "TIME" };
        var from = new Option<string[]>("--from") { Description = "an address or network from which alone it may be used; may be repeated", HelpName = "CIDR" };
        command.Arguments.Add(name);
        command.Options.Add(allow);
        command.Options.Add(on);
        command.Options.Add(expires);
        command.Options.Add(from);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var account = await api.AccountPathAsync(cancel);
            var resource = parsed.GetValue(on) ?? $"{PermissionGroups.AccountScope}.{account.Split('/')[^1]}";
            var request = new TokenRequest(
                parsed.GetValue(name),
                [new("allow", [.. parsed.GetValue(allow)!.Select(IdOf)], new Dictionary<string, JsonElement> { [resource] = JsonElement.Parse("\"*\"") })],
                null,
                TimeOf(parsed.GetValue(expires)),
                parsed.GetValue(from) is { Length: > 0 } addresses ? new(new(addresses, null)) : null,
                null);
            var (result, _) = await api.AskAsync(
                HttpMethod.Post, $"{account}/tokens", JsonSerializer.Serialize(request, ManagementJson.Readable.TokenRequest), cancel);
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
            }
            else
            {
                Console.Out.WriteLine(result.GetProperty("value").GetString());
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command MakeRoll() => MakeForOne("roll", "give a token another value, and print it: this once; the old one ends", async (api, path, cancel) =>
    {
        var (result, _) = await api.AskAsync(HttpMethod.Put, $"{path}/value", "{}", cancel);
        Console.Out.WriteLine(result.GetString());
    });

    private static Command MakeDelete() => MakeForOne("delete", "end a token", async (api, path, cancel) =>
        await api.AskAsync(HttpMethod.Delete, path, null, cancel));

    private static Command MakeForOne(string verb, string summary, Func<ApiClient, string, CancellationToken, Task> run)
    {
        var command = new Command(verb, summary);
        var id = new Argument<string>("ID") { Description = "the token's id, as skerry tokens list shows it" };
        command.Arguments.Add(id);
        var connection = NodeConnection.AddTo(command, withJson: false);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            await run(api, $"{await api.AccountPathAsync(cancel)}/tokens/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancel);
            return ExitCodes.Done;
        });
        return command;
    }

    private static IReadOnlyList<string> Row(TokenResult token) =>
    [
        token.Id,
        Markup.Escape(token.Name),
        token.Status == "active" ? "[green]active[/]" : $"[yellow]{token.Status}[/]",
        Markup.Escape(string.Join(", ", token.Policies.Select(static one => (one.Effect == "deny" ? "not " : "") + Summary(one.PermissionGroups)))),
        token.ExpiresOn?.ToString("u", CultureInfo.InvariantCulture) ?? "never",
        token.LastUsedOn?.ToString("u", CultureInfo.InvariantCulture) ?? "never",
    ];

    private static string Summary(IReadOnlyList<PermissionGroupReference> groups) =>
        groups.Count > 2 ? $"{groups[0].Name} and {groups.Count - 1} more" : string.Join(" and ", groups.Select(static one => one.Name));

    private static GroupReference IdOf(string name) => new(PermissionGroups.FindByName(name)?.Id ?? throw new CommandException(
        ExitCodes.WrongUsage,
        $"--allow: \"{name}\" is no permission group; accepted are {string.Join(", ", PermissionGroups.OfScope(PermissionGroups.AccountScope).Select(static one => $"\"{one.Name}\""))}"));

    private static DateTimeOffset? TimeOf(string? text) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw new CommandException(ExitCodes.WrongUsage, $"--expires: \"{text}\" is not accepted; accepted is a time such as 2027-01-31T12:00:00Z");
}
