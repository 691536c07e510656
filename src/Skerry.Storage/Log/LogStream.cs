namespace Skerry.Storage.Log;

/// <summary>
/// The chain of one object's records in the log. The log's writer, and nobody else, moves <see cref="Last"/>, so
/// that each record can name the one before it.
/// </summary>
public sealed class LogStream(ObjectKey key, LogPosition last)
{
    /// <summary>The object whose records these are.</summary>
    public ObjectKey Key { get; } = key;

    /// <summary>The newest record that is in the log, confirmed; none if there is none.</summary>
    public LogPosition Last { get; internal set; } = last;
}
