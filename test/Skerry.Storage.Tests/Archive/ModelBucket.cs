using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Archive;

/// <summary>Puts records of model objects into a bucket as a session would, step by step.</summary>
internal sealed class ModelBucket
{
    private readonly List<ArchivedRecord> _waiting = [];
    private ulong _uploaded;

    public MemoryBucket Bucket { get; } = new();

    public SessionBundles Bundles { get; private set; } = new(new SessionId(1));

    public ulong Sequence { get; private set; }

    public ulong Next() => ++Sequence;

    public void Wait(ArchivedRecord record) => _waiting.Add(record);

    /// <summary>Uploads what waits: objects that <paramref name="own"/> chooses get a file of their own.</summary>
    public async Task UploadAsync(Func<ObjectKey, bool> own)
    {
        if (Sequence == _uploaded)
        {
            return;
        }

        foreach (var records in _waiting.GroupBy(static r => r.Key).Where(g => own(g.Key)))
        {
            await Promotion.WriteAsync(Bucket, records.Key, [.. records], CancellationToken.None);
        }

        var key = BucketKeys.Bundle(Bundles.Session, _uploaded + 1, Sequence);
        var file = BatchFile.Write([.. _waiting.Where(r => !own(r.Key))]);
        Bucket[key] = file;
        Bundles.Add(BatchFile.ReadIndex(key, file));
        _waiting.Clear();
        _uploaded = Sequence;
    }

    /// <summary>Another session owns everything from now on, after it has promoted what this one left.</summary>
    public async Task MoveAsync(IEnumerable<ObjectKey> objects)
    {
        foreach (var key in objects)
        {
            await Promotion.PromoteAsync(Bucket, Bundles, key, CancellationToken.None);
        }

        Bundles = new SessionBundles(new SessionId(Bundles.Session.Value + 1));
        _uploaded = Sequence = 0;
    }

    public Task<ObjectArchive> OpenAsync(ObjectKey key) => ObjectArchive.OpenAsync(Bucket, key, Bundles, CancellationToken.None);

    public async Task<SnapshotObject> SnapshotAsync(ObjectKey key, ulong txid) =>
        await SnapshotMaker.MakeAsync(Bucket, await OpenAsync(key), txid, Path.GetTempPath(), CancellationToken.None);
}
