namespace Skerry.Storage.Archive;

/// <summary>What an uploader has done since it began.</summary>
/// <param name="Uploaded">Every confirmed record up to this sequence is in the bucket.</param>
/// <param name="WaitingBytes">Bytes of records in memory that are not in the bucket yet.</param>
/// <param name="Batches">Batches uploaded.</param>
/// <param name="Promotions">Files made of what bundles had of an object.</param>
/// <param name="Snapshots">Snapshots made.</param>
/// <param name="Bucket">All requests and bytes, with those of promotions, snapshots and retention.</param>
public readonly record struct UploadFigures(
    ulong Uploaded, long WaitingBytes, long Batches, long Promotions, long Snapshots, BucketUse Bucket);

/// <summary>What keeping one object in the bucket has cost in this session.</summary>
/// <param name="Puts">Files put for it; of a bundle it shares, its part.</param>
/// <param name="PutBytes">Bytes put for it.</param>
public readonly record struct ObjectCost(double Puts, long PutBytes);
