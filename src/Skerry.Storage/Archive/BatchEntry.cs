namespace Skerry.Storage.Archive;

/// <summary>One transaction in a batch file, as the file's index describes it.</summary>
/// <param name="Key">The object.</param>
/// <param name="Epoch">The activation that committed it.</param>
/// <param name="Txid">The object's transaction, from 1.</param>
/// <param name="Sequence">Its number in its session's log.</param>
/// <param name="AlarmMs">The object's alarm after it, Unix milliseconds; 0 for none.</param>
/// <param name="TimestampMs">When it was committed, Unix milliseconds.</param>
/// <param name="PageCount">Pages in the database after it.</param>
/// <param name="PreApplyChecksum">The database's checksum before it: that of the transaction it follows; 0 for the first.</param>
/// <param name="PostApplyChecksum">The database's checksum after it.</param>
/// <param name="Offset">Where its LTX file begins in the batch file.</param>
/// <param name="Length">Bytes of its LTX file.</param>
public readonly record struct BatchEntry(
    ObjectKey Key,
    ulong Epoch,
    ulong Txid,
    ulong Sequence,
    long AlarmMs,
    long TimestampMs,
    uint PageCount,
    ulong PreApplyChecksum,
    ulong PostApplyChecksum,
    long Offset,
    int Length);
