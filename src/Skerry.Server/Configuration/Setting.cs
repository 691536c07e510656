namespace Skerry.Server.Configuration;

/// <summary>
/// One setting, known by the same name everywhere: <c>objects.history_days</c> in a file is the key
/// <c>history_days</c> of the table <c>objects</c>, <c>SKERRY_OBJECTS_HISTORY_DAYS</c> in the environment and
/// <c>--objects-history-days</c> on the command line.
/// </summary>
/// <param name="Key">The dotted name, in lower case.</param>
/// <param name="ValueName">What stands for the value in the help text.</param>
/// <param name="Summary">One line of help, with the default.</param>
/// <param name="Apply">Sets the value; answers null, or what is wrong with the value and what is accepted.</param>
internal sealed record Setting(string Key, string ValueName, string Summary, Func<SkerryServerOptions, string, string?> Apply)
{
    /// <summary>Whether errors must not repeat the value, because it is, or may hold, a password.</summary>
    public bool IsSecret { get; init; }

    /// <summary>The prefix of every environment variable that <c>skerry</c> reads.</summary>
    public const string EnvironmentPrefix = "SKERRY_";

    /// <summary>The name in the environment.</summary>
    public string EnvironmentName { get; } = EnvironmentPrefix + Key.Replace('.', '_').ToUpperInvariant();

    /// <summary>The name on the command line.</summary>
    public string Flag { get; } = "--" + Key.Replace('.', '-').Replace('_', '-');
}
