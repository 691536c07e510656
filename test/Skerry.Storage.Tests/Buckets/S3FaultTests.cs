using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

/// <summary>What networks and servers do wrong on the way to a real server.</summary>
[Collection(S3Collection.Name)]
public sealed class S3FaultTests(S3Server server) : IAsyncLifetime
{
    private readonly FaultyProxy _proxy = new(server.Endpoint);
    private readonly string _prefix = $"faults-{Guid.NewGuid():N}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _proxy.InitializeAsync();

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    public static TheoryData<ProxyFault> Passing =>
    [
        new ProxyFault.Answer(503, "SlowDown"),
        new ProxyFault.Answer(503, "ServiceUnavailable"),
        new ProxyFault.Answer(500, "InternalError"),
        new ProxyFault.Answer(502, "<html>Bad gateway</html>", "text/html"),
        new ProxyFault.Answer(429, "TooManyRequests"),
        new ProxyFault.AnswerAfter(500, "InternalError"),
        new ProxyFault.CutBefore(),
        new ProxyFault.CutAfter(),
        new ProxyFault.Hang(),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task What_passes_by_itself_is_not_seen(ProxyFault fault)
    {
        using var bucket = Open(Impatience(fault));
        _proxy.Next("PUT", fault, fault);
        await bucket.PutAsync("k", "whole"u8.ToArray(), PutCondition.None, Cancel);
        _proxy.Next("GET", fault, fault);
        Assert.Equal("whole"u8.ToArray(), (await bucket.GetAsync("k", Cancel))!.Value.Content.ToArray());
        _proxy.Next("GET", fault);
        Assert.Equal("k", Assert.Single(await List(bucket)).Key);
        _proxy.Next("DELETE", fault, fault);
        await bucket.DeleteAsync(["k"], Cancel);
        _proxy.Next("GET", fault);
        Assert.Null(await bucket.GetAsync("k", Cancel));
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task A_conditional_write_is_told_rightly_when_its_answer_is_lost(ProxyFault fault)
    {
        using var bucket = Open(Impatience(fault));
        _proxy.Next("PUT", fault, fault);
        var first = await bucket.PutAsync("k", "1"u8.ToArray(), PutCondition.IfAbsent, Cancel);
        Assert.True(first.Stored);
        _proxy.Next("PUT", fault, fault);
        var second = await bucket.PutAsync("k", "2"u8.ToArray(), PutCondition.IfMatch(first.ETag!), Cancel);
        Assert.True(second.Stored);
        var read = await bucket.GetAsync("k", Cancel);
        Assert.Equal("2"u8.ToArray(), read!.Value.Content.ToArray());
        Assert.Equal(second.ETag, read.Value.ETag);
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task A_loser_whose_answer_was_lost_never_wins(ProxyFault fault)
    {
        using var bucket = Open(Impatience(fault));
        var first = await bucket.PutAsync("k", "1"u8.ToArray(), PutCondition.IfAbsent, Cancel);
        await bucket.PutAsync("k", "2"u8.ToArray(), PutCondition.IfMatch(first.ETag!), Cancel);
        foreach (var condition in new[] { PutCondition.IfAbsent, PutCondition.IfMatch(first.ETag!) })
        {
            _proxy.Next("PUT", fault);
            try
            {
                Assert.False((await bucket.PutAsync("k", "3"u8.ToArray(), condition, Cancel)).Stored);
            }
            catch (BucketException e)
            {
                Assert.Equal(BucketFault.OutcomeUnknown, e.Fault);
            }

            Assert.Equal("2"u8.ToArray(), (await bucket.GetAsync("k", Cancel))!.Value.Content.ToArray());
        }
    }

    [Fact]
    public async Task A_write_that_arrives_late_makes_no_conflict_of_its_own_repetition()
    {
        using var bucket = Open();
        var other = await bucket.PutAsync("k", "0"u8.ToArray(), PutCondition.IfAbsent, Cancel);
        foreach (var (key, condition) in new[] { ("new", PutCondition.IfAbsent), ("k", PutCondition.IfMatch(other.ETag!)) })
        {
            _proxy.Next("PUT", new ProxyFault.Delay(), new ProxyFault.Overtaken());
            var put = await bucket.PutAsync(key, "1"u8.ToArray(), condition, Cancel);
            Assert.True(put.Stored);
            Assert.Equal(put.ETag, (await bucket.GetAsync(key, Cancel))!.Value.ETag);
        }

        Assert.Equal(1 + 2 + 2, _proxy.Requests.Count(static r => r.StartsWith("PUT", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_write_that_somebody_has_overtaken_is_not_called_a_conflict()
    {
        // The write happens, its answer is lost, and before anybody can look, another one replaces it.
        using var bucket = Open();
        using var other = server.Open(o => o.Prefix = _prefix);
        _proxy.Decide = request =>
        {
            if (request.Method == "HEAD")
            {
                var mine = other.GetAsync("k", Cancel).GetAwaiter().GetResult()!.Value;
                Assert.True(other.PutAsync("k", "other"u8.ToArray(), PutCondition.IfMatch(mine.ETag), Cancel).GetAwaiter().GetResult().Stored);
            }

            return request.Method == "PUT" ? new ProxyFault.CutAfter() : new ProxyFault.None();
        };
        var error = await Assert.ThrowsAsync<BucketException>(() => bucket.PutAsync("k", "mine"u8.ToArray(), PutCondition.IfAbsent, Cancel));
        Assert.Equal(BucketFault.OutcomeUnknown, error.Fault);
    }

    [Fact]
    public async Task What_does_not_pass_says_whether_it_may_have_happened()
    {
        using var bucket = Open(o => o.RetryTime = TimeSpan.FromMilliseconds(300));
        _proxy.Decide = static _ => new ProxyFault.Answer(503, "ServiceUnavailable");
        await Fails(BucketFault.Unavailable, () => bucket.GetAsync("k", Cancel));
        await Fails(BucketFault.OutcomeUnknown, () => bucket.PutAsync("k", "x"u8.ToArray(), PutCondition.None, Cancel));
        await Fails(BucketFault.OutcomeUnknown, () => bucket.PutAsync("k", "x"u8.ToArray(), PutCondition.IfAbsent, Cancel));
        await Fails(BucketFault.OutcomeUnknown, () => bucket.DeleteAsync(["k"], Cancel));
        _proxy.Decide = static _ => new ProxyFault.Answer(503, "SlowDown");
        await Fails(BucketFault.Unavailable, () => bucket.PutAsync("k", "x"u8.ToArray(), PutCondition.None, Cancel));
        await Fails(BucketFault.Unavailable, () => bucket.PutAsync("k", "x"u8.ToArray(), PutCondition.IfAbsent, Cancel));
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_in_time()
    {
        using var bucket = Open(o =>
        {
            o.RetryTime = TimeSpan.FromMilliseconds(100);
            o.AttemptTimeout = TimeSpan.FromMilliseconds(300);
        });
        _proxy.Decide = static _ => new ProxyFault.Hang();
        await Fails(BucketFault.Unavailable, () => bucket.GetAsync("k", Cancel), "did not answer in time");
        await Fails(BucketFault.OutcomeUnknown, () => bucket.PutAsync("k", "x"u8.ToArray(), PutCondition.IfAbsent, Cancel), "did not answer in time");
    }

    [Fact]
    public async Task Who_gives_up_is_told_so_and_not_that_the_server_failed()
    {
        using var bucket = Open(o => o.AttemptTimeout = TimeSpan.FromMinutes(1));
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        _proxy.Decide = _ =>
        {
            source.CancelAfter(TimeSpan.FromMilliseconds(10));
            return new ProxyFault.Hang();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bucket.GetAsync("k", source.Token));
    }

    [Theory]
    [InlineData(403, "AccessDenied", BucketFault.Denied, "may not do this")]
    [InlineData(403, "RequestTimeTooSkewed", BucketFault.Denied, "clock")]
    [InlineData(400, "ExpiredToken", BucketFault.Denied, "expired")]
    [InlineData(400, "AuthorizationHeaderMalformed", BucketFault.NoSuchBucket, "another region")]
    [InlineData(301, "PermanentRedirect", BucketFault.NoSuchBucket, "another region")]
    [InlineData(507, "XMinioStorageFull", BucketFault.Full, "Make room")]
    [InlineData(403, "QuotaExceeded", BucketFault.Full, "quota")]
    [InlineData(501, "NotImplemented", BucketFault.Unsuitable, "does not have")]
    public async Task What_does_not_pass_is_not_tried_again(int status, string code, BucketFault fault, string hint)
    {
        using var bucket = Open();
        _proxy.Decide = _ => new ProxyFault.Answer(status, code);
        await Fails(fault, () => bucket.PutAsync("k", "x"u8.ToArray(), PutCondition.None, Cancel), hint, code, _proxy.Endpoint);
        await Fails(fault, () => bucket.GetAsync("k", Cancel), hint, code, _proxy.Endpoint);
        await Fails(fault, () => List(bucket), hint, code, _proxy.Endpoint);
        Assert.Equal(3, _proxy.Requests.Count);
    }

    [Fact]
    public async Task What_is_no_s3_server_is_not_taken_for_an_empty_bucket()
    {
        using var bucket = Open();
        _proxy.Decide = static _ => new ProxyFault.Answer(404, "<html>Not found</html>", "text/html");
        await Fails(BucketFault.NoSuchBucket, () => bucket.GetAsync("k", Cancel), "endpoint");
        await Fails(BucketFault.NoSuchBucket, () => List(bucket), "endpoint");
    }

    [Fact]
    public async Task Of_a_cut_answer_nothing_is_taken_for_the_whole()
    {
        using var bucket = Open();
        var content = RandomNumberGenerator.GetBytes(300_000);
        await bucket.PutAsync("k", content, PutCondition.None, Cancel);
        _proxy.Next("GET", new ProxyFault.CutAnswer(100_000), new ProxyFault.CutAnswer(0));
        Assert.Equal(content, (await bucket.GetAsync("k", Cancel))!.Value.Content.ToArray());
        _proxy.Next("GET", new ProxyFault.CutAnswer(100));
        Assert.Equal(content[5..200_005], (await bucket.GetRangeAsync("k", 5, 200_000, Cancel))!.Value.ToArray());
    }

    [Fact]
    public async Task A_stream_goes_on_where_the_connection_was_lost()
    {
        using var bucket = Open();
        var content = RandomNumberGenerator.GetBytes(1_000_000);
        await bucket.PutAsync("k", content, PutCondition.None, Cancel);
        _proxy.Next("GET", new ProxyFault.CutAnswer(300_000), new ProxyFault.CutBefore(), new ProxyFault.CutAnswer(300_000), new ProxyFault.Answer(503, "SlowDown"));
        await using var stream = await bucket.OpenReadAsync("k", Cancel);
        Assert.Equal(content.Length, stream!.Length);
        using var read = new MemoryStream();
        await stream.CopyToAsync(read, Cancel);
        Assert.Equal(content, read.ToArray());
        Assert.True(_proxy.Requests.Count(static r => r.StartsWith("GET", StringComparison.Ordinal)) >= 4);
    }

    [Fact]
    public async Task A_stream_does_not_mix_two_versions()
    {
        using var bucket = Open();
        await bucket.PutAsync("k", RandomNumberGenerator.GetBytes(1_000_000), PutCondition.None, Cancel);
        _proxy.Next("GET", new ProxyFault.CutAnswer(300_000));
        await using var stream = await bucket.OpenReadAsync("k", Cancel);
        await bucket.PutAsync("k", RandomNumberGenerator.GetBytes(1_000_000), PutCondition.None, Cancel);
        await Fails(BucketFault.Unavailable, () => stream!.CopyToAsync(Stream.Null, Cancel), "replaced");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    public async Task A_large_upload_survives_lost_answers(string method)
    {
        using var bucket = Open();
        var content = RandomNumberGenerator.GetBytes(13 << 20);
        var left = 5;
        _proxy.Decide = request =>
            request.Method == method && !request.QueryString.Value!.StartsWith("?uploads", StringComparison.Ordinal) && left-- > 0
                ? left % 2 == 0 ? new ProxyFault.CutAfter() : new ProxyFault.Answer(503, "SlowDown")
                : new ProxyFault.None();
        await bucket.PutStreamAsync("k", new MemoryStream(content), Cancel);
        Assert.True(left <= 0);
        Assert.Equal(content, (await bucket.GetAsync("k", Cancel))!.Value.Content.ToArray());
    }

    [Fact]
    public async Task A_large_upload_that_fails_leaves_nothing()
    {
        using var bucket = Open();
        var uploads = 0;
        _proxy.Decide = request => request.Method == "PUT" && ++uploads > 1 ? new ProxyFault.Answer(403, "AccessDenied") : new ProxyFault.None();
        await Fails(BucketFault.Denied, () => bucket.PutStreamAsync("k", new MemoryStream(new byte[25 << 20]), Cancel));
        Assert.Null(await bucket.GetAsync("k", Cancel));
        Assert.Single(_proxy.Requests, static r => r.StartsWith("DELETE", StringComparison.Ordinal) && r.Contains("uploadId"));
    }

    [Theory]
    [InlineData(501, "NotImplemented")]
    [InlineData(400, "MalformedXML")]
    [InlineData(405, "MethodNotAllowed")]
    public async Task Without_batch_deletes_keys_go_one_by_one(int status, string code)
    {
        using var bucket = Open();
        string[] keys = ["a", "b/c", "d"];
        foreach (var key in keys)
        {
            await bucket.PutAsync(key, "x"u8.ToArray(), PutCondition.None, Cancel);
        }

        _proxy.Decide = request => request.Method == "POST" ? new ProxyFault.Answer(status, code) : new ProxyFault.None();
        await bucket.DeleteAsync(keys, Cancel);
        Assert.Empty(await List(bucket));
        await bucket.DeleteAsync(keys, Cancel);
        Assert.Single(_proxy.Requests, static r => r.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_probe_accepts_the_real_server_and_leaves_nothing()
    {
        using var random = RandomNumberGenerator.Create();
        using var bucket = Open();
        await BucketProbe.RunAsync(bucket, random, Cancel);
        Assert.Empty(await List(bucket));

        // Answers that are lost are no reason to refuse a bucket.
        _proxy.Next("PUT", new ProxyFault.CutAfter(), new ProxyFault.None(), new ProxyFault.AnswerAfter(500, "InternalError"));
        await BucketProbe.RunAsync(bucket, random, Cancel);
    }

    [Fact]
    public async Task The_probe_refuses_a_server_that_ignores_conditions()
    {
        using var random = RandomNumberGenerator.Create();
        using var bucket = Open();
        _proxy.Decide = request => request.Headers.IfNoneMatch.Count == 0 ? new ProxyFault.None() : new ProxyFault.Serve(PutUnconditionally);
        await Fails(BucketFault.Unsuitable, () => BucketProbe.RunAsync(bucket, random, Cancel), "If-None-Match", _proxy.Endpoint);
        Assert.Empty(await List(bucket));

        _proxy.Decide = request => request.Headers.IfMatch.Count == 0 ? new ProxyFault.None() : new ProxyFault.Serve(PutUnconditionally);
        await Fails(BucketFault.Unsuitable, () => BucketProbe.RunAsync(bucket, random, Cancel), "If-Match");
        Assert.Empty(await List(bucket));

        // As a server does that has never heard of conditions; the request's own signature covers its conditions.
        async Task PutUnconditionally(HttpContext context)
        {
            using var direct = server.Open(o => o.Prefix = _prefix);
            using var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content, Cancel);
            var key = context.Request.Path.Value![$"/skerry/{_prefix}/".Length..];
            var put = await direct.PutAsync(key, content.ToArray(), PutCondition.None, Cancel);
            context.Response.Headers.ETag = $"\"{put.ETag}\"";
        }
    }

    [Fact]
    public async Task The_probe_finds_out_that_a_server_does_not_know_quotes()
    {
        using var random = RandomNumberGenerator.Create();
        using var told = Open(o => o.QuotedETags = true);
        await Fails(BucketFault.Unsuitable, () => BucketProbe.RunAsync(told, random, Cancel), "If-Match");
        Assert.Empty(await List(told));

        using var bucket = Open(o => o.QuotedETags = null);
        var first = await bucket.PutAsync("k", "1"u8.ToArray(), PutCondition.IfAbsent, Cancel);
        Assert.False((await bucket.PutAsync("k", "2"u8.ToArray(), PutCondition.IfMatch(first.ETag!), Cancel)).Stored);
        await BucketProbe.RunAsync(bucket, random, Cancel);
        Assert.True((await bucket.PutAsync("k", "2"u8.ToArray(), PutCondition.IfMatch(first.ETag!), Cancel)).Stored);
    }

    [Fact]
    public async Task The_probe_does_not_call_a_bucket_unsuitable_that_cannot_be_reached()
    {
        using var random = RandomNumberGenerator.Create();
        using var bucket = Open(o => o.RetryTime = TimeSpan.FromMilliseconds(100));
        _proxy.Decide = static _ => new ProxyFault.Answer(503, "SlowDown");
        await Fails(BucketFault.Unavailable, () => BucketProbe.RunAsync(bucket, random, Cancel));
    }

    private S3Bucket Open(Action<S3BucketOptions>? change = null) => server.Open(o =>
    {
        o.Endpoint = _proxy.Endpoint;
        o.Prefix = _prefix;
        o.PartBytes = 5 << 20;
        change?.Invoke(o);
    });

    // A limit that is sometimes too short for the machine makes attempts fail that need not, which is no harm here.
    private static Action<S3BucketOptions>? Impatience(ProxyFault fault) =>
        fault is ProxyFault.Hang ? static o => o.AttemptTimeout = TimeSpan.FromMilliseconds(400) : null;

    private static async Task Fails(BucketFault fault, Func<Task> call, params string[] hints)
    {
        var error = await Assert.ThrowsAsync<BucketException>(call);
        Assert.True(fault == error.Fault, $"{error.Fault} instead of {fault}: {error.Message}");
        Assert.All(hints, hint => Assert.Contains(hint, error.Message, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<List<BucketEntry>> List(S3Bucket bucket)
    {
        var entries = new List<BucketEntry>();
        await foreach (var entry in bucket.ListAsync("", null, Cancel))
        {
            entries.Add(entry);
        }

        return entries;
    }
}
