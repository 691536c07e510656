using System.IO.Enumeration;

namespace Skerry.Storage.Buckets;

/// <summary>Walks a bucket's folder in the order of its keys' bytes, one folder's names in memory at a time.</summary>
internal static class FileBucketListing
{
    /// <summary>Names that start with this are the bucket's own; no key has it.</summary>
    private const char Reserved = '~';

    /// <summary>The folder in the bucket's folder with locks and what is being written.</summary>
    public const string Own = "~skerry";

    public static IEnumerable<BucketEntry> Walk(string root, string prefix, string? after)
    {
        // Only what lies below the prefix's last whole segment is looked at.
        var slash = prefix.LastIndexOf('/');
        return slash < 0 ? WalkFolder(root, "", prefix, after) : WalkFolder(Path.Combine(root, prefix[..slash]), prefix[..(slash + 1)], prefix, after);
    }

    private static IEnumerable<BucketEntry> WalkFolder(string folder, string path, string prefix, string? after)
    {
        foreach (var name in Names(folder))
        {
            var key = path + name;
            var isFolder = name.EndsWith('/');
            if (!(key.StartsWith(prefix, StringComparison.Ordinal) || (isFolder && prefix.StartsWith(key, StringComparison.Ordinal)))
                || IsBefore(key, isFolder, after))
            {
                continue;
            }

            if (isFolder)
            {
                foreach (var entry in WalkFolder(Path.Combine(folder, name[..^1]), key, prefix, after))
                {
                    yield return entry;
                }

                continue;
            }

            var file = new FileInfo(Path.Combine(folder, name));
            BucketEntry? found = null;
            try
            {
                found = new BucketEntry(key, file.Length, new DateTimeOffset(file.LastWriteTimeUtc));
            }
            catch (IOException e) when (FileBucketFault.IsMissing(e))
            {
                // Deleted since the folder was read.
            }

            if (found is { } some)
            {
                yield return some;
            }
        }
    }

    // A folder is over when its last possible key is: when `after` neither lies in it nor before it.
    private static bool IsBefore(string key, bool isFolder, string? after) =>
        after is not null
        && string.CompareOrdinal(key, after) <= 0
        && !(isFolder && after.StartsWith(key, StringComparison.Ordinal));

    // A folder sorts as its keys do, with its slash: after `a-b` and `a.b`, before `a0`.
    private static List<string> Names(string folder)
    {
        try
        {
            var names = new FileSystemEnumerable<string>(
                folder,
                static (ref entry) => entry.IsDirectory ? string.Concat(entry.FileName, "/") : entry.FileName.ToString())
            {
                ShouldIncludePredicate = static (ref entry) => entry.FileName[0] != Reserved,
            }.ToList();
            names.Sort(StringComparer.Ordinal);
            return names;
        }
        catch (IOException e) when (FileBucketFault.IsMissing(e))
        {
            return [];
        }
    }
}
