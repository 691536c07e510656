namespace Skerry.Server.Commands;

/// <summary>What the commands end with; docs/configuration.md has them too.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>The node has refused, or something is not as it should be; stderr or the output says what.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int WrongUsage = 2;

    /// <summary>The node could not be asked: it does not answer, or there are no credentials for it.</summary>
    public const int NotAsked = 3;
}

/// <summary>Ends a command with one line on stderr.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">What is wrong, and what to do.</param>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>See the constructor.</summary>
    public int ExitCode { get; } = exitCode;
}
