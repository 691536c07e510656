using System.CommandLine;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Access;

namespace Skerry.Server.Commands;

/// <summary><c>skerry access explain</c>: why a token may make a call or not.</summary>
internal static class ExplainCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("explain", "why a token may make a call of the API or not, and what it would need");
        var method = new Argument<string>("METHOD") { Description = "such as GET" };
        var target = new Argument<string>("PATH") { Description = "such as /accounts/ACCOUNT/tokens; ACCOUNT stands for the own one" };
        var token = new Option<string?>("--token-id") { Description = "another token of the account (default: the one that asks)", HelpName = "ID" };
        var ip = new Option<string?>("--ip") { Description = "from this address (default: from here)", HelpName = "ADDRESS" };
        command.Arguments.Add(method);
        command.Arguments.Add(target);
        command.Options.Add(token);
        command.Options.Add(ip);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var account = await api.AccountPathAsync(cancel);
            var path = parsed.GetValue(target)!.Replace("accounts/ACCOUNT", account, StringComparison.Ordinal);
            var body = JsonSerializer.Serialize(
                new ExplainRequest(parsed.GetValue(method), path, parsed.GetValue(token), parsed.GetValue(ip)), ManagementJson.Readable.ExplainRequest);
            var (result, _) = await api.AskAsync(HttpMethod.Post, $"{account}/skerry/access/explain", body, cancel);
            var explained = result.Deserialize(ManagementJson.Readable.ExplainResult)!;
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
            }
            else
            {
                Show(new(), explained);
            }

            return explained.Allowed ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static void Show(CommandOutput output, ExplainResult explained)
    {
        if (explained.Allowed)
        {
            output.Line($"[green]Allowed.[/] {explained.Reason}");
        }
        else
        {
            output.Line($"[red]Refused.[/] {explained.Reason}");
        }

        output.Line($"{explained.Operation} needs {explained.Needs}.");
    }
}
