using Skerry.Server.Configuration;
using Skerry.Storage.Buckets;

namespace Skerry.Server.Hosting;

/// <summary>Makes the bucket that the settings name.</summary>
internal static class BucketFactory
{
    /// <summary>Makes it; whether it answers is found out at its first use.</summary>
    public static IBucket Create(BucketOptions options)
    {
        var url = options.Url!;
        return FileBucket.Open(url.Folder!);
    }
}
