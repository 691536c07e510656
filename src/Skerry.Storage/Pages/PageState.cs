using Skerry.Storage.Log;

namespace Skerry.Storage.Pages;

/// <summary>What is known of a database after one of its transactions.</summary>
/// <param name="Transaction">The transaction, from 1; 0 before the first.</param>
/// <param name="Epoch">The activation that committed it.</param>
/// <param name="PageCount">Pages in the database.</param>
/// <param name="Checksum">The LTX rolling checksum: the XOR of all pages' checksums.</param>
/// <param name="TimestampMs">When it was committed, Unix milliseconds.</param>
/// <param name="AlarmMs">The alarm set then, Unix milliseconds; 0 for none.</param>
public readonly record struct PageState(
    ulong Transaction, ulong Epoch, uint PageCount, ulong Checksum, long TimestampMs, long AlarmMs);
