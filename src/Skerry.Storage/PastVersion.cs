namespace Skerry.Storage;

/// <summary>One state of a database that can be restored.</summary>
/// <param name="Transaction">The transaction after which it was so.</param>
/// <param name="TimestampMs">When it was committed, Unix milliseconds.</param>
/// <param name="Bytes">Bytes of what is kept of it.</param>
/// <param name="KeptIn">Where: a place in the log, a snapshot, or a file in the bucket.</param>
public readonly record struct PastVersion(ulong Transaction, long TimestampMs, long Bytes, string KeptIn);
