using System.Security.Cryptography;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

public sealed class BucketProbeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-probe-").FullName;
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly FileBucket _bucket;

    public BucketProbeTests() => _bucket = FileBucket.Open(_folder);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _bucket.Dispose();
        _random.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_good_bucket_passes_and_nothing_is_left_of_it()
    {
        await BucketProbe.RunAsync(_bucket, _random, Cancel);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => BucketProbe.RunAsync(_bucket, _random, Cancel)));
        await foreach (var entry in _bucket.ListAsync("", null, Cancel))
        {
            Assert.Fail($"{entry.Key} is left");
        }
    }

    [Theory]
    [InlineData(true, false, "If-None-Match")]
    [InlineData(false, true, "If-Match")]
    [InlineData(true, true, "If-None-Match")]
    public async Task A_bucket_that_ignores_a_condition_is_refused(bool absent, bool match, string reason)
    {
        var careless = new CarelessBucket(_bucket, absent, match);
        var error = await Assert.ThrowsAsync<BucketException>(() => BucketProbe.RunAsync(careless, _random, Cancel));
        Assert.Equal(BucketFault.Unsuitable, error.Fault);
        Assert.Contains(reason, error.Message);
        Assert.Contains(_folder, error.Message);
        await foreach (var entry in _bucket.ListAsync("", null, Cancel))
        {
            Assert.Fail($"{entry.Key} is left");
        }
    }

    /// <summary>As many a server and proxy does: puts, whatever the condition says.</summary>
    private sealed class CarelessBucket(IBucket bucket, bool absent, bool match) : IBucket
    {
        public string Description => bucket.Description;

        public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => bucket.GetAsync(key, cancel);

        public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) =>
            bucket.GetRangeAsync(key, offset, length, cancel);

        public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => bucket.OpenReadAsync(key, cancel);

        public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) =>
            bucket.PutAsync(
                key, content, (condition.MustBeAbsent && absent) || (condition.ETag is not null && match) ? PutCondition.None : condition, cancel);

        public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => bucket.PutStreamAsync(key, content, cancel);

        public IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, CancellationToken cancel) =>
            bucket.ListAsync(prefix, after, cancel);

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => bucket.DeleteAsync(keys, cancel);
    }
}
