using System.Diagnostics;

namespace Skerry.Crash.Host;

/// <summary>Debian's own <c>sqlite3</c>: an engine that shares nothing with the one under test.</summary>
internal static class SqliteShell
{
    public static string Run(string file, string sql)
    {
        using var process = Process.Start(new ProcessStartInfo("sqlite3", ["-readonly", file, sql])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}
