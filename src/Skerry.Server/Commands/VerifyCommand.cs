using System.CommandLine;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Objects;

namespace Skerry.Server.Commands;

/// <summary><c>skerry objects verify</c>: compares every checksum of what is kept of an object.</summary>
internal static class VerifyCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("verify", "read everything that is kept of an object, and compare every checksum");
        var which = ObjectArguments.AddTo(command);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var (result, _) = await api.AskAsync(HttpMethod.Post, $"{await which.PathAsync(parsed, api, cancel)}/verify", null, cancel);
            var proof = result.Deserialize(ManagementJson.Readable.ProofResult)!;
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
            }
            else
            {
                Show(new(), proof);
            }

            return proof.Whole ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static void Show(CommandOutput output, ProofResult proof)
    {
        if (proof.Whole)
        {
            output.Line($"[green]All is well: {proof.Records} records, {CommandOutput.Bytes(proof.Bytes)}, up to transaction {proof.NewestTransaction}.[/]");
            return;
        }

        foreach (var one in proof.Damage)
        {
            output.Line($"[red]{one}[/]");
        }
    }
}
