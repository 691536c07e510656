using Skerry.Storage.Archive;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// What takeover and ownership ask of the bucket's archive. A seam, so that the simulator can leave out one step at a
/// time and show that it is noticed. Members wait for an unreachable bucket until they are cancelled.
/// </summary>
public interface ISessionArchive
{
    /// <summary>The last sequence of a session up to which everything is in the bucket, as its bundles say; 0 if there are none.</summary>
    Task<ulong> UploadedToAsync(SessionId session, CancellationToken cancel);

    /// <summary>What the session's bundles say of alarms: for each object in them the alarm of its newest transaction there, 0 for none.</summary>
    Task<IReadOnlyDictionary<ObjectKey, long>> ReadAlarmsAsync(SessionId session, CancellationToken cancel);

    /// <summary>Puts consecutive records of a session into the bucket, as one bundle.</summary>
    Task UploadAsync(SessionId session, ulong first, ulong last, IReadOnlyList<ArchivedRecord> records, CancellationToken cancel);

    /// <summary>Copies what a session's bundles have of an object into files of the object's own.</summary>
    Task PromoteAsync(SessionId session, ObjectKey key, CancellationToken cancel);

    /// <summary>All objects of which the session's bundles have anything.</summary>
    Task<IReadOnlyCollection<ObjectKey>> ListObjectsAsync(SessionId session, CancellationToken cancel);

    /// <summary>The sessions that have bundles.</summary>
    Task<IReadOnlyCollection<SessionId>> ListSessionsAsync(CancellationToken cancel);

    /// <summary>Removes a session's bundles. Everything that counts in them must have been promoted.</summary>
    Task RemoveBundlesAsync(SessionId session, CancellationToken cancel);
}
