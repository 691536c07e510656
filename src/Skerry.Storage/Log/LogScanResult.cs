namespace Skerry.Storage.Log;

/// <summary>What recovery found.</summary>
/// <param name="End">Where the log goes on.</param>
/// <param name="Current">The segment to go on in; null if a new one is needed.</param>
/// <param name="Next">An empty segment after it, which the earlier run had prepared; null if there is none.</param>
/// <param name="LastSequence">The last record's number.</param>
/// <param name="HighestTimestampMs">The highest time of any record.</param>
/// <param name="Unmarked">True if nothing says that the last batch is complete.</param>
/// <param name="Records">How many records were replayed.</param>
/// <param name="Damage">What does not match its checksum.</param>
internal sealed record LogScanResult(
    LogPosition End,
    LogSegment? Current,
    LogSegment? Next,
    ulong LastSequence,
    long HighestTimestampMs,
    bool Unmarked,
    long Records,
    IReadOnlyList<LogDamage> Damage);
