using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>The archive of sessions in a bucket. On the loop only.</summary>
/// <param name="plane">The clock and chance by which an unreachable bucket is tried again.</param>
/// <param name="bucket">The bucket.</param>
/// <param name="own">What this session's own bundles hold, kept up by its uploader.</param>
public sealed class SessionArchive(ControlPlane plane, IBucket bucket, SessionBundles own) : ISessionArchive
{
    private const int KnownMax = 8;

    // Of sealed sessions: nothing that counts is added to their bundles any more, and thousands of objects may be claimed
    // from one of them.
    private readonly Dictionary<SessionId, Task<SessionBundles>> _known = [];

    /// <inheritdoc/>
    public async Task<ulong> UploadedToAsync(SessionId session, CancellationToken cancel) =>
        (await LoadAsync(session, cancel)).LastSequence;

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<ObjectKey, long>> ReadAlarmsAsync(SessionId session, CancellationToken cancel) =>
        (await LoadAsync(session, cancel)).NewestAlarms();

    /// <inheritdoc/>
    public Task UploadAsync(SessionId session, ulong first, ulong last, IReadOnlyList<ArchivedRecord> records, CancellationToken cancel) =>
        PersistAsync(
            async () =>
            {
                using var content = BatchFile.Open(records);
                await BatchUpload.PutAsync(bucket, BucketKeys.Bundle(session, first, last), content, cancel);
                return true;
            },
            cancel);

    /// <inheritdoc/>
    public async Task PromoteAsync(SessionId session, ObjectKey key, CancellationToken cancel)
    {
        while (true)
        {
            var bundles = await LoadSealedAsync(session).WaitAsync(cancel);
            try
            {
                await PersistAsync(() => Promotion.PromoteAsync(bucket, bundles, key, cancel), cancel);
                return;
            }
            catch (StorageException error) when (error is not (BucketException or StorageDamagedException) && session != own.Session)
            {
                // A bundle is gone: somebody has promoted everything in it since it was read what there is.
                _known.Remove(session);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyCollection<ObjectKey>> ListObjectsAsync(SessionId session, CancellationToken cancel) =>
        (await LoadAsync(session, cancel)).Objects;

    /// <inheritdoc/>
    public Task<IReadOnlyCollection<SessionId>> ListSessionsAsync(CancellationToken cancel) => PersistAsync<IReadOnlyCollection<SessionId>>(
        async () =>
        {
            // One short list a session: each begins after everything that the session before it can have.
            List<SessionId> sessions = [];
            string? after = null;
            while (await FirstAsync(after, cancel) is { } session)
            {
                sessions.Add(session);
                after = BucketKeys.BundlesOf(session) + "~";
            }

            return sessions;
        },
        cancel);

    /// <inheritdoc/>
    public Task RemoveBundlesAsync(SessionId session, CancellationToken cancel) => PersistAsync(
        async () =>
        {
            // The newest goes last: it says up to where the session's records are in the bucket.
            List<string> keys = [];
            await foreach (var entry in bucket.ListAsync(BucketKeys.BundlesOf(session), null, cancel))
            {
                keys.Add(entry.Key);
            }

            foreach (var some in keys.Chunk(500))
            {
                await bucket.DeleteAsync(some, cancel);
            }

            return true;
        },
        cancel);

    private async Task<SessionId?> FirstAsync(string? after, CancellationToken cancel)
    {
        await foreach (var entry in bucket.ListAsync(BucketKeys.BundlesPrefix, after, cancel))
        {
            if (BucketKeys.TryParseBundle(entry.Key, out var session, out _, out _))
            {
                return session;
            }
        }

        return null;
    }

    private Task<SessionBundles> LoadSealedAsync(SessionId session)
    {
        if (session == own.Session)
        {
            return Task.FromResult(own);
        }

        if (!_known.TryGetValue(session, out var known) || known.IsFaulted || known.IsCanceled)
        {
            if (_known.Count >= KnownMax)
            {
                _known.Clear();
            }

            _known[session] = known = LoadAsync(session, plane.Stopping);
        }

        return known;
    }

    private async Task<SessionBundles> LoadAsync(SessionId session, CancellationToken cancel) =>
        session == own.Session ? own : await PersistAsync(() => SessionBundles.LoadAsync(bucket, session, cancel), cancel);

    private async Task<T> PersistAsync<T>(Func<Task<T>> action, CancellationToken cancel)
    {
        var backoff = plane.NewBackoff();
        while (true)
        {
            try
            {
                return await action();
            }
            catch (BucketException error) when (error.Fault is BucketFault.Unavailable or BucketFault.OutcomeUnknown)
            {
                await backoff.PauseAsync(cancel);
            }
        }
    }
}
