namespace Skerry.Storage.Archive;

/// <summary>One transaction of one object, as it goes into the bucket.</summary>
/// <param name="Key">The object.</param>
/// <param name="Epoch">See <see cref="Log.LogRecordHeader.Epoch"/>.</param>
/// <param name="Txid">See <see cref="Log.LogRecordHeader.Txid"/>.</param>
/// <param name="Sequence">Its number in its session's log.</param>
/// <param name="AlarmMs">The object's alarm after it, Unix milliseconds; 0 for none.</param>
/// <param name="TimestampMs">When it was committed, Unix milliseconds.</param>
/// <param name="Ltx">The LTX file.</param>
public readonly record struct ArchivedRecord(
    ObjectKey Key, ulong Epoch, ulong Txid, ulong Sequence, long AlarmMs, long TimestampMs, ReadOnlyMemory<byte> Ltx);
