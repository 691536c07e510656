using System.Buffers;

namespace Skerry.Storage.Buckets;

/// <summary>The rules for keys, the same for every bucket, so that what one stores another can.</summary>
internal static class BucketKey
{
    /// <summary>What S3 takes (1,024) less room for a prefix within the bucket.</summary>
    public const int BytesMax = 900;

    /// <summary>What file systems take in a name (255) less some room.</summary>
    public const int SegmentBytesMax = 200;

    private const string Accepted = "1 to 900 of a-z A-Z 0-9 - _ . /, with 1 to 200 between slashes, and no segment . or ..";

    private static readonly SearchValues<char> _allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");

    /// <summary>Refuses what is not a key.</summary>
    /// <exception cref="ArgumentException">It names the key, what is wrong, and what is accepted.</exception>
    public static void Check(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (Fault(key, isPrefix: false) is { } fault)
        {
            throw new ArgumentException($"'{key}' is no key for a bucket: {fault}. Accepted are {Accepted}.", nameof(key));
        }
    }

    /// <summary>Refuses what no key can start with.</summary>
    /// <exception cref="ArgumentException">It names the prefix, what is wrong, and what is accepted.</exception>
    public static void CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0 && Fault(prefix, isPrefix: true) is { } fault)
        {
            throw new ArgumentException($"No key of a bucket starts with '{prefix}': {fault}. Accepted are {Accepted}.", nameof(prefix));
        }
    }

    private static string? Fault(ReadOnlySpan<char> key, bool isPrefix)
    {
        if (key.Length is 0 or > BytesMax)
        {
            return $"it has {key.Length} characters";
        }

        if (key.IndexOfAnyExcept(_allowed) is >= 0 and var at)
        {
            return $"it has a character U+{(int)key[at]:X4} at {at}";
        }

        foreach (var range in key.Split('/'))
        {
            // The last segment of a prefix is only the beginning of one.
            var segment = key[range];
            var isPart = isPrefix && range.End.Value == key.Length;
            if (segment.Length > SegmentBytesMax || (!isPart && (segment is "" or "." or "..")))
            {
                return segment.Length == 0 ? "it has an empty segment" : $"it has a segment '{segment}'";
            }
        }

        return null;
    }
}
