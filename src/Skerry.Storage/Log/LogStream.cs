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

    // The writer's note of the newest record that is not synced yet, and of the batch it is in: with it records of one
    // batch chain to each other, and a failed batch needs no undoing.
    internal LogPosition Unsynced { get; set; }

    internal long UnsyncedBatch { get; set; }
}
