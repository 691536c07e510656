using Skerry.Storage.Buckets;

namespace Skerry.Storage.Relay;

/// <summary>The bucket's record of this node's own session, as the data path needs it. One call at a time.</summary>
public interface ILeaderRecord
{
    /// <summary>
    /// Compare-and-swaps the record from the version that this object has read or written last.
    /// </summary>
    /// <returns>Whether it has been written, and what the record is now; null if it is gone.</returns>
    /// <exception cref="BucketException">With <see cref="BucketFault.OutcomeUnknown"/> it may have been written; with any other fault it was not.</exception>
    Task<(bool Written, SessionRecord? Current)> SwapAsync(SessionRecord desired, CancellationToken cancel);

    /// <summary>Reads the record; null if it is gone.</summary>
    /// <exception cref="BucketException">It cannot be read now.</exception>
    Task<SessionRecord?> ReadAsync(CancellationToken cancel);
}
