using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Takeover;

namespace Skerry.Simulation.Bugs;

/// <summary>An archive that leaves something out.</summary>
internal sealed class BuggyArchive(PlantedBug bug, ISessionArchive archive) : ISessionArchive
{
    public static ISessionArchive Wrap(PlantedBug bug, ISessionArchive archive) =>
        bug is PlantedBug.SkipPromotion or PlantedBug.ForgetTheFirstTransaction or PlantedBug.KeepBundles ? new BuggyArchive(bug, archive) : archive;

    public Task<ulong> UploadedToAsync(SessionId session, CancellationToken cancel) => archive.UploadedToAsync(session, cancel);

    public Task<IReadOnlyDictionary<ObjectKey, long>> ReadAlarmsAsync(SessionId session, CancellationToken cancel) => archive.ReadAlarmsAsync(session, cancel);

    public Task UploadAsync(SessionId session, ulong first, ulong last, IReadOnlyList<ArchivedRecord> records, CancellationToken cancel) =>
        archive.UploadAsync(session, first, last, bug == PlantedBug.ForgetTheFirstTransaction ? [.. records.Skip(1)] : records, cancel);

    public Task PromoteAsync(SessionId session, ObjectKey key, CancellationToken cancel) =>
        bug == PlantedBug.SkipPromotion ? Task.CompletedTask : archive.PromoteAsync(session, key, cancel);

    public Task<IReadOnlyCollection<ObjectKey>> ListObjectsAsync(SessionId session, CancellationToken cancel) => archive.ListObjectsAsync(session, cancel);

    public Task<IReadOnlyCollection<SessionId>> ListSessionsAsync(CancellationToken cancel) => archive.ListSessionsAsync(cancel);

    public Task RemoveBundlesAsync(SessionId session, CancellationToken cancel) =>
        bug == PlantedBug.KeepBundles ? Task.CompletedTask : archive.RemoveBundlesAsync(session, cancel);
}
