using System.CommandLine;
using System.Security.Cryptography;
using Skerry.Storage;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Commands;

/// <summary><c>skerry cluster key</c>: makes a key for a new cluster.</summary>
internal static class ClusterKeyCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("key", "make a key for a new cluster: print it, or write it into a file");
        var output = new Option<string?>("--out") { Description = "a new file that only its owner can read, for cluster.key_file", HelpName = "FILE" };
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            using var random = RandomNumberGenerator.Create();
            if (parsed.GetValue(output) is not { } file)
            {
                Console.Out.WriteLine(ClusterKey.Create(random).Reveal());
                return ExitCodes.Done;
            }

            if (File.Exists(file))
            {
                throw new CommandException(ExitCodes.Failed, $"{file} is there already; a cluster whose nodes have another key does not accept this one. Name a new file");
            }

            try
            {
                ClusterKeyFile.LoadOrCreate(file, random);
            }
            catch (StorageException e)
            {
                throw new CommandException(ExitCodes.Failed, e.Message);
            }

            Console.Out.WriteLine($"{file} has the key; copy it to every node of the cluster, and name it in cluster.key_file.");
            return ExitCodes.Done;
        });
        return command;
    }
}
