using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Skerry.Objects.Fleet;

/// <summary>
/// Ends the process of a node that others take for dead. At once, and without stopping anything in good order: whatever
/// that would still write or send belongs to somebody else by now.
/// </summary>
internal sealed partial class ProcessEnd(SkerryClusterOptions options, ILogger<ProcessEnd> logger)
{
    /// <summary>The exit code: a temporary failure; a supervisor starts the node again, as a new session.</summary>
    public const int ExitCode = 75;

    private int _ended;

    /// <summary>Ends the process; the first reason counts.</summary>
    public void End(string reason, Exception? cause = null)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        LogEnding(logger, reason, ExitCode, cause);
        if (options.EndProcess is { } end)
        {
            end(ExitCode);
            return;
        }

        // The logger's own thread may not get to it any more.
        Console.Error.WriteLine($"skerry: {reason} The process ends with code {ExitCode}.");
        Console.Error.Flush();
        if (OperatingSystem.IsWindows())
        {
            Environment.Exit(ExitCode);
        }

        ExitNow(ExitCode);
    }

    // Environment.Exit waits for the host to stop in good order.
    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);

    [LoggerMessage(2103, LogLevel.Critical, "{Reason} The process ends with code {Code}.")]
    private static partial void LogEnding(ILogger logger, string reason, int code, Exception? cause);
}

/// <summary>What Orleans does when this silo has been declared dead, or its membership fails for good.</summary>
internal sealed class FatalMembership(ProcessEnd process) : IFatalErrorHandler
{
    // What a loop ends with when its silo stops.
    public bool IsUnexpected(Exception exception) => exception is not (OperationCanceledException or ObjectDisposedException);

    public void OnFatalException(object? sender, string? context, Exception? exception) =>
        process.End($"This node has left the cluster against its will ({context}: {exception?.Message}).", exception);
}
