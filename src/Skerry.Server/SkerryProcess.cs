using System.Collections;
using System.Reflection;
using Skerry.Server.Commands;
using Skerry.Server.Configuration;
using Skerry.Server.Hosting;
using Skerry.Server.Terminal;

namespace Skerry.Server;

/// <summary>The life of the <c>skerry</c> process, from its arguments to its exit code.</summary>
internal static class SkerryProcess
{
    /// <summary>The exit code for a configuration with which the process cannot start.</summary>
    public const int ConfigurationError = 2;

    /// <summary>The version of this build, without the commit.</summary>
    public static string Version { get; } =
        typeof(SkerryProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>
    /// Runs a command, or a node until Ctrl+C or SIGTERM. Of a node, answers 0 after an orderly stop, 2 for a
    /// configuration error; of a command, one of <see cref="ExitCodes"/>.
    /// </summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (SkerryCommands.Names(arguments))
        {
            return await SkerryCommands.RunAsync(arguments);
        }

        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => entry.Value as string ?? "");
        var request = ConfigurationReader.Read(arguments, environment, Directory.GetCurrentDirectory());
        if (request.ShowHelp)
        {
            Console.Out.Write(HelpText.Write());
            return 0;
        }

        if (request.ShowVersion)
        {
            Console.Out.WriteLine($"skerry {Version}");
            return 0;
        }

        if (request.Errors.Count > 0)
        {
            return Report(request.Errors);
        }

        try
        {
            await using var host = await SkerryHost.StartAsync(request.Options);
            StartupReport.Write(Console.Out, Console.IsOutputRedirected, host);
            await host.WaitForStopSignalAsync();
            await host.StopAsync();
            return 0;
        }
        catch (StartupException e)
        {
            return Report(e.Problems);
        }
    }

    private static int Report(IReadOnlyList<string> problems)
    {
        foreach (var problem in problems)
        {
            Console.Error.WriteLine($"skerry: {problem}");
        }

        return ConfigurationError;
    }
}
