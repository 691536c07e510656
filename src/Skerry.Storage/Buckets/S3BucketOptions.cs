namespace Skerry.Storage.Buckets;

/// <summary>Settings of a bucket in S3 or a compatible server. Validated at start, all faults at once.</summary>
public sealed class S3BucketOptions
{
    /// <summary>The bucket's name. It must exist.</summary>
    public string Bucket { get; set; } = "";

    /// <summary>What all keys begin with inside the bucket, so that several clusters can share one. Default none; up to 100 of <c>a-z A-Z 0-9 - _ . /</c>.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>The server's address, such as <c>https://s3.example.com</c>. Default null: Amazon's, in <see cref="Region"/>.</summary>
    public string? Endpoint { get; set; }

    /// <summary>The region that requests are signed for. Default null: what the environment or profile says, else <c>us-east-1</c>.</summary>
    public string? Region { get; set; }

    /// <summary>The access key. Default null, as <see cref="SecretKey"/>: the environment, the profile, or the machine's role, in the SDK's usual order.</summary>
    public string? AccessKey { get; set; }

    /// <summary>The secret of <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; set; }

    /// <summary>The session token of temporary keys. Default null.</summary>
    public string? SessionToken { get; set; }

    /// <summary>Whether the bucket's name goes into the path rather than the host name. Default null: into the path if there is an <see cref="Endpoint"/>.</summary>
    public bool? PathStyle { get; set; }

    /// <summary>
    /// Whether versions are sent in quotes with <c>If-Match</c>, as the standard wants it. Default null: yes, unless
    /// <see cref="BucketProbe"/> finds that the server compares what it is sent as it stands, as Ceph's does before
    /// version 17.
    /// </summary>
    public bool? QuotedETags { get; set; }

    /// <summary>How long one attempt may take, beside a second for each MiB of content. Default 10 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long attempts at one request are repeated. Default 30 s.</summary>
    public TimeSpan RetryTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Streams larger than this are uploaded in parts of this size. Default 16 MiB; 5 MiB (the least that S3 takes) to 1 GiB.</summary>
    public int PartBytes { get; set; } = 16 << 20;

    /// <summary>Parts of one stream that are uploaded at once; each is held in memory. Default 4; 1 to 64.</summary>
    public int ConcurrentPartsMax { get; set; } = 4;

    /// <summary>Everything that is wrong with the settings; nothing if they are fine.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Bucket) || Bucket.AsSpan().ContainsAny('/', ' '))
        {
            yield return $"Bucket is '{Bucket}'; give the name of an existing bucket, without slashes.";
        }

        if (PrefixFault() is { } prefixFault)
        {
            yield return prefixFault;
        }

        if (Endpoint is not null
            && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.PathAndQuery == "/"))
        {
            yield return $"Endpoint is '{Endpoint}'; give a URL of a server such as https://s3.example.com, without a path.";
        }

        if (AccessKey is null != SecretKey is null)
        {
            yield return "AccessKey and SecretKey belong together; give both, or none to use the environment's.";
        }

        if (SessionToken is not null && AccessKey is null)
        {
            yield return "SessionToken needs AccessKey and SecretKey.";
        }

        foreach (var (name, value) in new[] { (nameof(AttemptTimeout), AttemptTimeout), (nameof(RetryTime), RetryTime) })
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromHours(1))
            {
                yield return $"{name} is {value}; it must be more than zero and at most an hour.";
            }
        }

        if (PartBytes is < 5 << 20 or > 1 << 30)
        {
            yield return $"PartBytes is {PartBytes}; it must be from {5 << 20} to {1 << 30}.";
        }

        if (ConcurrentPartsMax is < 1 or > 64)
        {
            yield return $"ConcurrentPartsMax is {ConcurrentPartsMax}; it must be from 1 to 64.";
        }
    }

    private string? PrefixFault()
    {
        const int PrefixMax = 100;
        try
        {
            BucketKey.CheckPrefix(Prefix);
        }
        catch (ArgumentException e)
        {
            return $"Prefix is wrong. {e.Message}";
        }

        return Prefix.Length > PrefixMax ? $"Prefix has {Prefix.Length} characters; up to {PrefixMax} leave room for keys." : null;
    }
}
