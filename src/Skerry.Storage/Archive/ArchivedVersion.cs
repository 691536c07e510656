namespace Skerry.Storage.Archive;

/// <summary>One state of an object that can be restored.</summary>
/// <param name="Txid">The transaction after which it was so.</param>
/// <param name="Epoch">The activation that committed it.</param>
/// <param name="TimestampMs">When it was committed, Unix milliseconds; 0 if only a snapshot is left of it, which says so itself.</param>
/// <param name="Bytes">Bytes of its LTX file.</param>
/// <param name="File">The key of the file that holds it: the object's own batch file, a bundle, or a snapshot.</param>
/// <param name="HasSnapshot">True if there is a snapshot of exactly this state.</param>
public readonly record struct ArchivedVersion(ulong Txid, ulong Epoch, long TimestampMs, long Bytes, string File, bool HasSnapshot);
