using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Skerry.Storage.Buckets;

/// <summary>A bucket of S3, or of a server that speaks its protocol and has conditional writes. Thread-safe.</summary>
/// <remarks>
/// A conditional write carries a name of its own in the object's metadata. So when its answer is lost, a look at the
/// object can tell that it took place, and a version that is still the old one, that it can be tried again. Only if
/// somebody else's version is there does the outcome stay unknown: it may have been between the two.
/// </remarks>
public sealed class S3Bucket : IBucket, IDisposable
{
    private const string PutName = "skerry-put";
    private const int DeletePage = 1000;
    private const int ConcurrentDeletes = 8;

    private readonly S3BucketOptions _options;
    private readonly string _prefix;
    private readonly S3HttpClient _http = new();
    private readonly AmazonS3Client _client;
    private readonly S3Caller _caller;
    private readonly string _run;
    private long _puts;
    private volatile bool _deletesOneByOne;
    private volatile bool _quotedETags;

    /// <summary>Makes the client; nothing is asked of the server yet.</summary>
    /// <exception cref="StorageException">The settings are wrong; the message says everything that is.</exception>
    public S3Bucket(S3BucketOptions options, TimeProvider time, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        var faults = options.Faults().ToArray();
        if (faults.Length > 0)
        {
            throw new StorageException($"The bucket's settings are wrong: {string.Join(' ', faults)}");
        }

        Span<byte> run = stackalloc byte[16];
        random.GetBytes(run);
        _run = Convert.ToHexStringLower(run);
        _options = options;
        _quotedETags = options.QuotedETags ?? true;
        _prefix = options.Prefix.Length == 0 || options.Prefix.EndsWith('/') ? options.Prefix : options.Prefix + "/";
        _client = NewClient(options, _http);
        var where = options.Endpoint ?? $"Amazon S3 {_client.Config.RegionEndpoint?.SystemName}";
        Description = _prefix.Length == 0 ? $"bucket {options.Bucket} at {where}" : $"bucket {options.Bucket}, prefix {_prefix}, at {where}";
        _caller = new S3Caller(options, Description, time, new Random(BitConverter.ToInt32(run)));
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public Task<BucketObject?> GetAsync(string key, CancellationToken cancel)
    {
        BucketKey.Check(key);
        return _caller.CallAsync(
            new S3Call("read", key),
            async attempt =>
            {
                using var response = await GetOrNullAsync(key, null, null, attempt.Token);
                return response is null
                    ? (BucketObject?)null
                    : new BucketObject(await ReadAllAsync(response, attempt), Version(response.ETag));
            },
            cancel);
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel)
    {
        BucketKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        // What HTTP cannot ask for (no bytes; the first of the last ones) takes a look at the size.
        if (length == 0 || (offset < 0 && -offset != length && length != long.MaxValue))
        {
            if (await HeadAsync(key, cancel) is not { } head)
            {
                return null;
            }

            offset = offset < 0 ? Math.Max(0, head.Bytes + Math.Max(offset, -long.MaxValue)) : offset;
            length = Math.Min(length, head.Bytes - offset);
            if (length <= 0)
            {
                return ReadOnlyMemory<byte>.Empty;
            }
        }

        var range = offset < 0 ? $"bytes={Math.Max(offset, -long.MaxValue)}"
            : length > long.MaxValue - offset ? $"bytes={offset}-"
            : $"bytes={offset}-{offset + length - 1}";
        return await _caller.CallAsync(
            new S3Call("read", key),
            async attempt =>
            {
                try
                {
                    using var response = await GetOrNullAsync(key, new ByteRange(range), null, attempt.Token);
                    if (response is null)
                    {
                        return (ReadOnlyMemory<byte>?)null;
                    }

                    // Who does not know ranges answers with everything.
                    var content = await ReadAllAsync(response, attempt);
                    return response.HttpStatusCode == HttpStatusCode.PartialContent ? content : Slice(content, offset, length);
                }
                catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                {
                    return ReadOnlyMemory<byte>.Empty;
                }
            },
            cancel);
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel)
    {
        BucketKey.Check(key);
        return S3ReadStream.OpenAsync(key, _caller, (range, etag, token) => GetOrNullAsync(key, range, etag, token), cancel);
    }

    /// <inheritdoc/>
    public async Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        BucketKey.Check(key);
        var call = new S3Call("write", key, Writes: true, content.Length);
        return condition == PutCondition.None
            ? new PutOutcome(true, await _caller.CallAsync(call, attempt => SendAsync(key, content, condition, null, attempt), cancel))
            : await PutIfAsync(call, content, condition, cancel);
    }

    /// <inheritdoc/>
    public async Task PutStreamAsync(string key, Stream content, CancellationToken cancel)
    {
        BucketKey.Check(key);
        ArgumentNullException.ThrowIfNull(content);
        var length = content.Length - content.Position;
        if (length <= _options.PartBytes)
        {
            var whole = new byte[length];
            await content.ReadExactlyAsync(whole, cancel);
            await PutAsync(key, whole, PutCondition.None, cancel);
            return;
        }

        var upload = new S3MultipartUpload(_client, _caller, _options, key, _prefix + key, PutName, NewPutName());
        await upload.RunAsync(content, length, async token => (await HeadAsync(key, token))?.PutName, cancel);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        BucketKey.CheckPrefix(prefix);
        var request = new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = _prefix + prefix, StartAfter = after is null ? null : _prefix + after };
        ListObjectsV2Response page;
        do
        {
            page = await _caller.CallAsync(new S3Call("list", prefix), attempt => _client.ListObjectsV2Async(request, attempt.Token), cancel);
            foreach (var entry in page.S3Objects ?? [])
            {
                var modified = entry.LastModified is { } time ? new DateTimeOffset(time.ToUniversalTime()) : DateTimeOffset.UnixEpoch;
                yield return new BucketEntry(entry.Key[_prefix.Length..], entry.Size ?? 0, modified);
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        foreach (var key in keys)
        {
            BucketKey.Check(key);
        }

        foreach (var page in keys.Chunk(DeletePage))
        {
            if (page.Length == 1 || _deletesOneByOne || !await TryDeleteManyAsync(page, cancel))
            {
                await Parallel.ForEachAsync(
                    page,
                    new ParallelOptions { MaxDegreeOfParallelism = ConcurrentDeletes, CancellationToken = cancel },
                    async (key, token) => await _caller.CallAsync(
                        new S3Call("delete", key, Writes: true),
                        attempt => _client.DeleteObjectAsync(_options.Bucket, _prefix + key, attempt.Token),
                        token));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }

    /// <summary>
    /// Leaves the quotes out from now on; false if the settings say otherwise or they are out already. Only for the
    /// probe, which proves right after it that conditions hold that way.
    /// </summary>
    internal bool TryWithoutQuotes()
    {
        if (_options.QuotedETags is not null || !_quotedETags)
        {
            return false;
        }

        _quotedETags = false;
        return true;
    }

    private static AmazonS3Client NewClient(S3BucketOptions options, S3HttpClient http)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.PathStyle ?? options.Endpoint is not null,

            // Attempts and their time are this class' own business.
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            HttpClientFactory = http,

            // Compatible servers refuse, or store as content, the trailing checksums that Amazon's own has learned.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint;

            // A server of one's own has no business with the machine's cloud, so that is not asked.
            config.AuthenticationRegion = options.Region
                ?? FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: false)?.SystemName
                ?? RegionEndpoint.USEast1.SystemName;
        }
        else
        {
            config.RegionEndpoint = options.Region is { } region
                ? RegionEndpoint.GetBySystemName(region)
                : FallbackRegionFactory.GetRegionEndpoint() ?? RegionEndpoint.USEast1;
        }

        return options.AccessKey is not { } access ? new AmazonS3Client(config)
            : options.SessionToken is { } token ? new AmazonS3Client(new SessionAWSCredentials(access, options.SecretKey, token), config)
            : new AmazonS3Client(new BasicAWSCredentials(access, options.SecretKey), config);
    }

    // 1. Send. What is refused without any doubt before it is a conflict.
    // 2. If the answer is lost, look: this put's name there means done; the old version there, try again.
    // 3. Anything else there: it may have come after this put, or this put may never have been.
    private async Task<PutOutcome> PutIfAsync(S3Call call, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        var name = NewPutName();
        var retries = _caller.Begin();
        S3AttemptException? doubt = null;
        while (true)
        {
            S3Failure failure;
            try
            {
                return await _caller.AttemptAsync(
                    call,
                    async attempt =>
                    {
                        try
                        {
                            return new PutOutcome(true, await SendAsync(call.Key, content, condition, name, attempt));
                        }
                        catch (AmazonS3Exception e) when (S3Failure.IsConflict(e) && doubt is null)
                        {
                            return PutOutcome.Conflict;
                        }
                    },
                    cancel);
            }
            catch (S3AttemptException e)
            {
                failure = e.Failure;
                if (failure.MayHaveHappened)
                {
                    doubt = e;
                }

                if (doubt is not null)
                {
                    S3Head? head;
                    try
                    {
                        head = await HeadAsync(call.Key, cancel);
                    }
                    catch (BucketException)
                    {
                        throw _caller.Exception(call, doubt, unknown: true);
                    }

                    if (head?.PutName == name)
                    {
                        return new PutOutcome(true, head.ETag);
                    }

                    if (head?.ETag != condition.ETag)
                    {
                        throw _caller.Exception(call, doubt, unknown: true);
                    }

                    failure = failure with { Retry = true };
                }

                if (!await retries.GoOnAsync(failure, cancel))
                {
                    throw _caller.Exception(call, doubt ?? e, doubt is not null);
                }
            }
        }
    }

    private async Task<string> SendAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, string? name, S3Attempt attempt)
    {
        using var stream = AsStream(content);
        var request = new PutObjectRequest
        {
            BucketName = _options.Bucket,
            Key = _prefix + key,
            InputStream = stream,
            AutoCloseStream = false,
            UseChunkEncoding = false,
            ContentType = "application/octet-stream",
            IfNoneMatch = condition.MustBeAbsent ? "*" : null,
            IfMatch = condition.ETag is { } etag ? (_quotedETags ? $"\"{etag}\"" : etag) : null,
        };
        if (name is not null)
        {
            request.Metadata[PutName] = name;
        }

        return Version((await _client.PutObjectAsync(request, attempt.Token)).ETag);
    }

    private async Task<bool> TryDeleteManyAsync(string[] keys, CancellationToken cancel)
    {
        try
        {
            await _caller.CallAsync(
                new S3Call("delete", $"{keys[0]} and {keys.Length - 1} others", Writes: true),
                attempt => _client.DeleteObjectsAsync(
                    new DeleteObjectsRequest
                    {
                        BucketName = _options.Bucket,
                        Objects = [.. keys.Select(key => new KeyVersion { Key = _prefix + key })],
                        Quiet = true,
                    },
                    attempt.Token),
                cancel);
            return true;
        }
        catch (BucketException e) when (e.InnerException is DeleteObjectsException)
        {
            // Some were not deleted; one by one it turns out why.
            return false;
        }
        catch (BucketException e) when (e.InnerException is AmazonS3Exception answer
            && (S3Failure.IsNotImplemented(answer) || answer.StatusCode == HttpStatusCode.BadRequest))
        {
            _deletesOneByOne = true;
            return false;
        }
    }

    private async Task<GetObjectResponse?> GetOrNullAsync(string key, ByteRange? range, string? etag, CancellationToken cancel)
    {
        try
        {
            var response = await _client.GetObjectAsync(
                new GetObjectRequest { BucketName = _options.Bucket, Key = _prefix + key, ByteRange = range, EtagToMatch = etag }, cancel);
            _ = Version(response.ETag);
            return response;
        }
        catch (AmazonS3Exception e) when (S3Failure.IsMissing(e))
        {
            return null;
        }
    }

    private Task<S3Head?> HeadAsync(string key, CancellationToken cancel) => _caller.CallAsync(
        new S3Call("look at", key),
        async attempt =>
        {
            try
            {
                var head = await _client.GetObjectMetadataAsync(_options.Bucket, _prefix + key, attempt.Token);
                return new S3Head(Version(head.ETag), head.ContentLength, head.Metadata[PutName]);
            }
            catch (AmazonS3Exception e) when (S3Failure.IsMissing(e, head: true))
            {
                return null;
            }
        },
        cancel);

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(GetObjectResponse response, S3Attempt attempt)
    {
        attempt.Expect(response.ContentLength);
        var content = GC.AllocateUninitializedArray<byte>(checked((int)response.ContentLength));
        await response.ResponseStream.ReadExactlyAsync(content, attempt.Token);
        return content;
    }

    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> content, long offset, long length)
    {
        var from = Math.Min(offset < 0 ? Math.Max(0, content.Length + offset) : offset, content.Length);
        return content.Slice((int)from, (int)Math.Min(length, content.Length - from));
    }

    private static MemoryStream AsStream(ReadOnlyMemory<byte> content) =>
        MemoryMarshal.TryGetArray(content, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);

    // Something in between that answers 200 to everything does not answer with a version.
    private static string Version(string? etag) => etag?.Trim('"') is { Length: > 0 } version
        ? version
        : throw new InvalidDataException("It has no ETag.");

    private string NewPutName() => $"{_run}-{Interlocked.Increment(ref _puts):x}";

    private sealed record S3Head(string ETag, long Bytes, string? PutName);
}
