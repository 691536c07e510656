using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>Puts files that are never changed once they are there.</summary>
internal static class BatchUpload
{
    // Above this a file is sent in parts.
    private const int WholeBytesMax = 32 << 20;

    /// <summary>Puts a file. One that is there already has the same content, for its name says what is in it.</summary>
    public static async Task PutAsync(IBucket bucket, string key, Stream content, CancellationToken cancel)
    {
        content.Position = 0;
        if (content.Length > WholeBytesMax)
        {
            await bucket.PutStreamAsync(key, content, cancel);
            return;
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)content.Length);
        content.ReadExactly(bytes);
        await bucket.PutAsync(key, bytes, PutCondition.None, cancel);
    }
}
