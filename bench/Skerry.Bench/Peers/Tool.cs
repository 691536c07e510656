using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Skerry.Bench.Peers;

/// <summary>Finds programs that the peers need, and ports for them.</summary>
internal static class Tool
{
    /// <summary>The full path of a program, looked for in PATH and then in <paramref name="folders"/>.</summary>
    /// <exception cref="BenchException">It is not installed.</exception>
    public static string Find(string name, params IEnumerable<string> folders)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return path.Concat(folders).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new BenchException($"{name} is not installed; run eng/install-tools.sh --bench.");
    }

    /// <summary>A loopback TCP port that nobody listened on a moment ago.</summary>
    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="BenchException">It failed; the message has the end of what it wrote to standard error.</exception>
    public static async Task<string> Run(string program, IEnumerable<string> arguments, CancellationToken cancel)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new BenchException($"{program} did not start.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var error = process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return process.ExitCode == 0
                ? await output
                : throw new BenchException($"{program} ended with {process.ExitCode}: {(await error).Trim()}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
