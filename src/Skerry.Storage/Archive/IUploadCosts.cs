namespace Skerry.Storage.Archive;

/// <summary>What a node's use of the bucket costs. Thread-safe.</summary>
public interface IUploadCosts
{
    /// <summary>What was asked of the bucket for objects' logs, snapshots and retention since the session began.</summary>
    BucketUse BucketUse { get; }

    /// <summary>
    /// The objects that cost the most puts in this session, the costliest first. What an object has cost is forgotten when
    /// it has been idle for long, or has moved away.
    /// </summary>
    /// <param name="count">How many at most.</param>
    IReadOnlyList<KeyValuePair<ObjectKey, ObjectCost>> Costliest(int count);
}
