using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Simulation.Bugs;

/// <summary>Shows a session that is being recovered as one that is sealed.</summary>
internal sealed class SealedTooEarly(IBucket bucket) : IBucket
{
    public string Description => bucket.Description;

    public async Task<BucketObject?> GetAsync(string key, CancellationToken cancel)
    {
        var found = await bucket.GetAsync(key, cancel);
        return found is { } there && RecordJson.ReadSession(key, there.Content) is { State: SessionState.Recovering } record
            ? new BucketObject(RecordJson.Write(record with { State = SessionState.Sealed }), there.ETag)
            : found;
    }

    public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) => throw new NotSupportedException();

    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => throw new NotSupportedException();

    public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) => throw new NotSupportedException();

    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => throw new NotSupportedException();

    public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel) => throw new NotSupportedException();

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => throw new NotSupportedException();
}
