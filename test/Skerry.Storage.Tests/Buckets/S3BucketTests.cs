using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

[Collection(S3Collection.Name)]
public sealed class S3BucketTests(S3Server server) : BucketConformance, IDisposable
{
    private readonly S3Bucket _bucket = server.Open(o => o.Prefix = $"run-{Guid.NewGuid():N}");

    protected override IBucket Bucket => _bucket;

    protected override bool LosersMayNotKnow => true;

    public void Dispose() => _bucket.Dispose();

    [Fact]
    public async Task Prefixes_keep_apart()
    {
        using var other = server.Open(o => o.Prefix = $"other-{Guid.NewGuid():N}/");
        await _bucket.PutAsync("same", Bytes("mine"), PutCondition.IfAbsent, Cancel);
        Assert.True((await other.PutAsync("same", Bytes("other's"), PutCondition.IfAbsent, Cancel)).Stored);
        Assert.Equal("same", Assert.Single(await List("")).Key);
        await other.DeleteAsync(["same"], Cancel);
        Assert.Equal(Bytes("mine"), (await _bucket.GetAsync("same", Cancel))!.Value.Content.ToArray());
    }

    [Theory]
    [InlineData("secret", "SignatureDoesNotMatch", "secret key is wrong")]
    [InlineData("access", "InvalidAccessKeyId", "no such access key")]
    public async Task Wrong_credentials_are_told_apart(string wrong, string code, string hint)
    {
        using var bucket = server.Open(o =>
        {
            o.SecretKey = wrong == "secret" ? "wrong" : o.SecretKey;
            o.AccessKey = wrong == "access" ? "wrong" : o.AccessKey;
        });
        foreach (var call in Calls(bucket))
        {
            var error = await Assert.ThrowsAsync<BucketException>(call);
            Assert.Equal(BucketFault.Denied, error.Fault);
            Assert.Contains(code, error.Message);
            Assert.Contains(hint, error.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Contains($"bucket skerry at {server.Endpoint}", error.Message);
        }
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_named()
    {
        using var bucket = server.Open(o => o.Bucket = "nowhere");
        foreach (var call in Calls(bucket))
        {
            var error = await Assert.ThrowsAsync<BucketException>(call);
            Assert.Equal(BucketFault.NoSuchBucket, error.Fault);
            Assert.Contains("bucket nowhere at", error.Message);
        }
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_and_nothing_is_in_doubt()
    {
        using var bucket = server.Open(o =>
        {
            o.Endpoint = "http://127.0.0.1:1";
            o.RetryTime = TimeSpan.FromMilliseconds(200);
        });
        foreach (var call in Calls(bucket))
        {
            var error = await Assert.ThrowsAsync<BucketException>(call);
            Assert.Equal(BucketFault.Unavailable, error.Fault);
            Assert.Contains("http://127.0.0.1:1", error.Message);
            Assert.Contains("cannot be reached", error.Message);
        }
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_is_unavailable()
    {
        using var bucket = server.Open(o =>
        {
            o.Endpoint = server.Endpoint.Replace("http:", "https:", StringComparison.Ordinal);
            o.RetryTime = TimeSpan.FromMilliseconds(200);
        });
        var error = await Assert.ThrowsAsync<BucketException>(() => bucket.PutAsync("k", Bytes("x"), PutCondition.IfAbsent, Cancel));
        Assert.Equal(BucketFault.Unavailable, error.Fault);
    }

    [Fact]
    public void All_faults_of_the_settings_are_told_at_once()
    {
        var error = Assert.Throws<StorageException>(() => server.Open(o =>
        {
            o.Bucket = "";
            o.Prefix = "a//b";
            o.Endpoint = "s3.example.com";
            o.SecretKey = null;
            o.RetryTime = TimeSpan.Zero;
            o.PartBytes = 1;
            o.ConcurrentPartsMax = 0;
        }));
        foreach (var name in new[] { "Bucket", "Prefix", "Endpoint", "SecretKey", "RetryTime", "PartBytes", "ConcurrentPartsMax" })
        {
            Assert.Contains($"{name} ", error.Message);
        }

        Assert.Empty(server.Options().Faults());
    }

    private static Func<Task>[] Calls(S3Bucket bucket) =>
    [
        () => bucket.GetAsync("k", Cancel),
        () => bucket.GetRangeAsync("k", -10, 10, Cancel),
        () => bucket.OpenReadAsync("k", Cancel),
        () => bucket.PutAsync("k", Bytes("x"), PutCondition.None, Cancel),
        () => bucket.PutAsync("k", Bytes("x"), PutCondition.IfAbsent, Cancel),
        () => bucket.PutAsync("k", Bytes("x"), PutCondition.IfMatch("x"), Cancel),
        () => bucket.PutStreamAsync("k", new MemoryStream(new byte[17 << 20]), Cancel),
        async () => await bucket.ListAsync("", null, Cancel).GetAsyncEnumerator(Cancel).MoveNextAsync(),
        () => bucket.DeleteAsync(["k"], Cancel),
        () => bucket.DeleteAsync(["k", "l"], Cancel),
    ];
}
