namespace Skerry.Storage.Archive;

/// <summary>What the bucket has of one transaction that counts: its record, a snapshot of the state after it, or both.</summary>
internal readonly record struct ChainLink(ulong Txid, ulong Epoch, BundledEntry? Record, SnapshotObject? Snapshot)
{
    /// <summary>True if the state can be put together from this link on: it holds every page.</summary>
    public bool IsBase => Snapshot is not null || (Record is not null && Txid == 1);

    /// <summary>Bytes that have to be read if this link is the base.</summary>
    public long BaseBytes => Snapshot?.Bytes ?? Record!.Value.Entry.Length;
}
