using System.Security.Cryptography;
using Skerry.Server.Configuration;
using Skerry.Storage.Buckets;

namespace Skerry.Server.Hosting;

/// <summary>Makes the bucket that the settings name.</summary>
internal static class BucketFactory
{
    /// <summary>Makes it; whether it answers is found out at its first use.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="random">Spreads retries; used as long as the bucket is.</param>
    public static IBucket Create(BucketOptions options, RandomNumberGenerator random)
    {
        var url = options.Url!;
        return url.IsS3
            ? new S3Bucket(
                new S3BucketOptions
                {
                    Bucket = url.Bucket!,
                    Prefix = url.Prefix,
                    Endpoint = options.Endpoint?.ToString(),
                    Region = options.Region,
                    AccessKey = options.AccessKey,
                    SecretKey = options.SecretKey,
                    PathStyle = options.UsesPathStyle,
                },
                TimeProvider.System,
                random)
            : FileBucket.Open(url.Folder!);
    }
}
