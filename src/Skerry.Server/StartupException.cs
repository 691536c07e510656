namespace Skerry.Server;

/// <summary>
/// A start that cannot succeed as configured: a taken port, an unusable data folder. Reported as one line for each of
/// <see cref="Problems"/>, with exit code 2.
/// </summary>
internal sealed class StartupException(IReadOnlyList<string> problems, Exception? inner = null)
    : Exception(string.Join(Environment.NewLine, problems), inner)
{
    public StartupException(string problem, Exception? inner = null)
        : this([problem], inner)
    {
    }

    /// <summary>What is wrong and what to do, one line each.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
