using System.Diagnostics;
using System.Text;
using Acceptance.Repository;
using Skerry.Objects.Tests.Fleet;

namespace Acceptance.Readme;

/// <summary>
/// A clone of the repository's last commit in a folder of its own, and the terminals that a newcomer has open there.
/// Only the ports differ from what the README says, so that the tests disturb nobody: they are set in the environment,
/// and put into the commands.
/// </summary>
public sealed class ScratchClone : IAsyncLifetime
{
    // A restore and a build are under it, on a machine that others load.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-clone-");
    private readonly int _gatewayPort = FreePort.Next();
    private readonly int _apiPort = FreePort.Next();
    private readonly int _visitsPort = FreePort.Next();
    private readonly List<Process> _servers = [];

    public string Path => System.IO.Path.Combine(_folder.FullName, "skerry");

    public async ValueTask InitializeAsync() =>
        await Run($"git clone --quiet --no-hardlinks '{RepositoryRoot.Path}' '{Path}'", _folder.FullName);

    /// <summary>Runs commands to their end; answers what they printed.</summary>
    public Task<string> Run(string commands) => Run(commands, Path);

    /// <summary>Starts a server that stays, and answers what it printed until <paramref name="ready"/>.</summary>
    public async Task<string> Serve(string command, string ready)
    {
        var server = Start(command, Path);
        _servers.Add(server);
        var output = new StringBuilder();
        using var patience = new CancellationTokenSource(Patience);
        while (await server.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            output.AppendLine(line);
            if (line.Contains(ready, StringComparison.Ordinal))
            {
                // Read on, or the server would wait for room to print.
                _ = server.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return output.ToString();
            }
        }

        throw new InvalidOperationException($"{command} ended instead of serving: {output}");
    }

    /// <summary>Waits for the servers that were started to end.</summary>
    public async Task ServersEnd()
    {
        foreach (var server in _servers)
        {
            await server.WaitForExitAsync().WaitAsync(Patience);
            server.Dispose();
        }

        _servers.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            server.Kill(entireProcessTree: true);
        }

        await ServersEnd();
        _folder.Delete(recursive: true);
    }

    private async Task<string> Run(string commands, string folder)
    {
        using var shell = Start(commands, folder);
        var output = await shell.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, $"{commands} ended with code {shell.ExitCode}: {output}");
        return output;
    }

    private Process Start(string commands, string folder)
    {
        // The README's ports are what people see; the processes below must be gone when their parent is.
        commands = commands.Replace(":8787", $":{_gatewayPort}", StringComparison.Ordinal).Replace(":5080", $":{_visitsPort}", StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash", ["-e", "-o", "pipefail", "-c", commands]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        foreach (var variable in start.Environment.Keys.Where(static name => name.StartsWith("SKERRY_", StringComparison.Ordinal)).ToList())
        {
            // The settings of the tests themselves are none of a node's, which would refuse them.
            start.Environment.Remove(variable);
        }

        start.Environment["SKERRY_GATEWAY_URL"] = $"http://127.0.0.1:{_gatewayPort}";
        start.Environment["SKERRY_API_URL"] = $"http://127.0.0.1:{_apiPort}";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_NOLOGO"] = "1";
        return Process.Start(start)!;
    }
}
