using System.CommandLine;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Audit;

namespace Skerry.Server.Commands;

/// <summary><c>skerry audit verify</c>: proves that nothing in the account's audit log was changed or cut off.</summary>
internal static class AuditVerifyCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("verify", "prove that nothing in the account's audit log was changed, from its first entry or from a note");
        var note = new Option<string?>("--note")
        {
            Description = "a file with the log's length and last hash: the log must still have what it says, and it is written anew then; keep it on another machine",
            HelpName = "FILE",
        };
        command.Options.Add(note);
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed);
            var path = $"{await api.AccountPathAsync(cancel)}/skerry/audit/verify";
            var file = parsed.GetValue(note);
            var from = Read(file);
            AuditProofResult proof;
            JsonElement answer;
            do
            {
                (answer, _) = await api.AskAsync(HttpMethod.Post, path, JsonSerializer.Serialize(from, ManagementJson.Readable.AuditProofRequest), cancel);
                proof = answer.Deserialize(ManagementJson.Readable.AuditProofResult)!;
                from = new(proof.Entries, proof.Head);
            }
            while (proof is { Holds: true, Complete: false });

            if (proof.Holds && file is not null)
            {
                Write(file, from);
            }

            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(answer);
            }
            else if (proof.Holds)
            {
                new CommandOutput().Line($"[green]All {proof.Entries} entries are as they were written. The last one's hash is {proof.Head}.[/]");
            }
            else
            {
                new CommandOutput().Line($"[red]Up to entry {proof.Entries} all is as it was written; {proof.Problem}.[/]");
            }

            return proof.Holds ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static AuditProofRequest Read(string? file)
    {
        if (file is null || !File.Exists(file))
        {
            return new(null, null);
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), ManagementJson.Readable.AuditProofRequest) is { Entries: not null, Head: not null } read
                ? read
                : throw new JsonException("it has no entries and head");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.WrongUsage, $"--note: {file} is no note of this command ({e.Message.TrimEnd('.')}); name another file, or one that is not there yet");
        }
    }

    // The old note is there until the new one is whole.
    private static void Write(string file, AuditProofRequest note)
    {
        try
        {
            File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(note, ManagementJson.Readable.AuditProofRequest));
            File.Move(file + ".new", file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Failed, $"--note: the log is whole, but {file} cannot be written ({e.Message.TrimEnd('.')})");
        }
    }
}
