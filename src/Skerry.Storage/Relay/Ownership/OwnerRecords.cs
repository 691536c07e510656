using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Ownership;

/// <summary>The ownership records in the bucket. Unreachable buckets are waited for until the caller gives up. Not thread-safe: the relay's loop uses it.</summary>
public sealed class OwnerRecords(IBucket bucket, TimeProvider time, Random random)
{
    private readonly CasRecords<OwnerRecord> _records = new(bucket, time, random, RecordJson.Write, RecordJson.ReadOwner);

    /// <summary>Who owns an object; null if it has never written.</summary>
    /// <exception cref="StorageException">The record is illegible, or a newer version wrote it.</exception>
    public Task<Versioned<OwnerRecord>?> ReadAsync(ObjectKey key, CancellationToken cancel) => _records.ReadAsync(KeyOf(key), cancel);

    /// <summary>Gives an object that nobody owns to a session.</summary>
    public Task<SwapOutcome<OwnerRecord>> CreateAsync(ObjectKey key, OwnerRecord record, CancellationToken cancel) =>
        _records.SwapAsync(KeyOf(key), record, null, cancel);

    /// <summary>Replaces a record if it is still the version that was read. A caller that cancels does not know the outcome.</summary>
    public Task<SwapOutcome<OwnerRecord>> SwapAsync(ObjectKey key, OwnerRecord next, string etag, CancellationToken cancel) =>
        _records.SwapAsync(KeyOf(key), next, etag, cancel);

    /// <summary>Where an object's record is.</summary>
    public static string KeyOf(ObjectKey key) => $"objects/{key.Namespace}/{key.Id}/owner";
}
