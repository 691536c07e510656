using Skerry.Storage.Buckets;

namespace Skerry.Storage.Relay.Sessions;

/// <summary>The session records in the bucket. Unreachable buckets are waited for until the caller gives up. Not thread-safe: the relay's loop uses it.</summary>
public sealed class SessionRecords
{
    private const string Folder = "sessions/";

    private readonly IBucket _bucket;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly CasRecords<SessionRecord> _records;

    /// <summary>Creates the view of a bucket.</summary>
    public SessionRecords(IBucket bucket, TimeProvider time, Random random)
    {
        (_bucket, _time, _random) = (bucket, time, random);
        _records = new CasRecords<SessionRecord>(bucket, time, random, RecordJson.Write, RecordJson.ReadSession);
    }

    /// <summary>A session's record; null if it has been removed, which happens only after it was sealed.</summary>
    /// <exception cref="StorageException">It is illegible, or a newer version wrote it.</exception>
    public Task<Versioned<SessionRecord>?> ReadAsync(SessionId session, CancellationToken cancel) =>
        _records.ReadAsync(KeyOf(session), cancel);

    /// <summary>Makes a record where there is none.</summary>
    public Task<SwapOutcome<SessionRecord>> CreateAsync(SessionRecord record, CancellationToken cancel) =>
        _records.SwapAsync(KeyOf(record.Node.Session), record, null, cancel);

    /// <summary>Replaces a record if it is still the version that was read. A caller that cancels does not know the outcome.</summary>
    public Task<SwapOutcome<SessionRecord>> SwapAsync(SessionRecord next, string etag, CancellationToken cancel) =>
        _records.SwapAsync(KeyOf(next.Node.Session), next, etag, cancel);

    /// <summary>All sessions that have a record.</summary>
    public async Task<IReadOnlyList<SessionId>> ListAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(_time, _random);
        while (true)
        {
            try
            {
                List<SessionId> sessions = [];
                await foreach (var entry in _bucket.ListAsync(Folder, null, cancel))
                {
                    if (SessionId.TryParse(entry.Key[Folder.Length..], out var session))
                    {
                        sessions.Add(session);
                    }
                }

                return sessions;
            }
            catch (BucketException error) when (error.Fault == BucketFault.Unavailable)
            {
                await backoff.PauseAsync(cancel);
            }
        }
    }

    /// <summary>Removes the record of a session that is sealed, and of which nothing else is left in the bucket.</summary>
    public Task RemoveAsync(SessionId session, CancellationToken cancel) => _bucket.DeleteAsync([KeyOf(session)], cancel);

    /// <summary>Where a session's record is.</summary>
    public static string KeyOf(SessionId session) => Folder + session;
}
