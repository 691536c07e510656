namespace Skerry.Server.Configuration;

/// <summary>The bucket that all nodes of a fleet share.</summary>
public sealed class BucketOptions
{
    /// <summary>Where it is; null for a node that has none.</summary>
    public BucketUrl? Url { get; set; }

    /// <summary>The S3-compatible server, <c>http[s]://HOST[:PORT]</c>; null for Amazon's own of the region.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>The region; null for that of the environment, and <c>us-east-1</c> if that has none.</summary>
    public string? Region { get; set; }

    /// <summary>Whether the bucket's name stands in the path, and not in the host's name; null for: if there is an endpoint.</summary>
    public bool? PathStyle { get; set; }

    /// <summary>The access key; null for what the environment, the profile or the machine's role provides.</summary>
    public string? AccessKey { get; set; }

    /// <summary>The secret key; null as <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; set; }

    /// <summary><see cref="PathStyle"/>, with its default.</summary>
    public bool UsesPathStyle => PathStyle ?? Endpoint is not null;
}
