namespace Skerry.Storage.Log;

/// <summary>What the log keeps of a record beside its LTX payload.</summary>
/// <param name="Key">The object.</param>
/// <param name="Epoch">The activation that wrote it; grows with every activation that writes. A record of a higher epoch supersedes records of lower ones with the same or a greater <paramref name="Txid"/>.</param>
/// <param name="Txid">The object's transaction, from 1, without gaps.</param>
/// <param name="TimestampMs">When it was committed, Unix milliseconds; never falls within an object.</param>
/// <param name="AlarmMs">The object's alarm after this transaction, Unix milliseconds; 0 for none.</param>
/// <param name="Previous">The object's record before this one.</param>
public readonly record struct LogRecordHeader(
    ObjectKey Key, ulong Epoch, ulong Txid, long TimestampMs, long AlarmMs, LogPosition Previous);
