using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Tests.Relay;

public sealed class RecordSwapTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-swap-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A try that may yet arrive makes every later failure no proof that nothing will be written.</summary>
    [Fact]
    public async Task A_swap_that_may_be_under_way_is_repeated_until_it_is_decided()
    {
        using var files = FileBucket.Open(_folder);
        var bucket = new FailingBucket(files);
        var records = new SessionRecords(bucket, TimeProvider.System, new Random(1));
        var created = await records.CreateAsync(Record(generation: 1), default);
        Assert.True(created.Swapped);

        bucket.Puts = new([BucketFault.OutcomeUnknown, BucketFault.Denied]);
        bucket.Gets = new([BucketFault.Denied]);
        var swapped = await records.SwapAsync(Record(generation: 2), created.Current!.Value.ETag, default);

        Assert.True(swapped.Swapped);
        Assert.Equal(2, (await records.ReadAsync(Record(1).Node.Session, default))!.Value.Value.Generation);
        Assert.Empty(bucket.Puts);
    }

    /// <summary>A first try that the bucket refuses has not happened, and is told.</summary>
    [Fact]
    public async Task A_swap_that_is_refused_at_once_fails_at_once()
    {
        using var files = FileBucket.Open(_folder);
        var bucket = new FailingBucket(files);
        var records = new SessionRecords(bucket, TimeProvider.System, new Random(1));
        var created = await records.CreateAsync(Record(generation: 1), default);

        bucket.Puts = new([BucketFault.Denied]);
        var error = await Assert.ThrowsAsync<BucketException>(() => records.SwapAsync(Record(generation: 2), created.Current!.Value.ETag, default));

        Assert.Equal(BucketFault.Denied, error.Fault);
    }

    private static SessionRecord Record(int generation)
    {
        var node = new NodeInfo(new NodeId(1), new SessionId(2), "n", "z", "127.0.0.1:1");
        return new SessionRecord { Node = node, State = SessionState.Open, Generation = generation, Followers = [node] };
    }

    private sealed class FailingBucket(IBucket inner) : IBucket
    {
        public Queue<BucketFault> Puts { get; set; } = [];

        public Queue<BucketFault> Gets { get; set; } = [];

        public string Description => inner.Description;

        public Task<BucketObject?> GetAsync(string key, CancellationToken cancel)
        {
            Fail(Gets);
            return inner.GetAsync(key, cancel);
        }

        public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) =>
            inner.GetRangeAsync(key, offset, length, cancel);

        public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => inner.OpenReadAsync(key, cancel);

        public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
        {
            Fail(Puts);
            return inner.PutAsync(key, content, condition, cancel);
        }

        public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => inner.PutStreamAsync(key, content, cancel);

        public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel) => inner.ListAsync(prefix, after, cancel);

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => inner.DeleteAsync(keys, cancel);

        private static void Fail(Queue<BucketFault> faults)
        {
            if (faults.TryDequeue(out var fault))
            {
                throw new BucketException(fault, "The test says so.");
            }
        }
    }
}
