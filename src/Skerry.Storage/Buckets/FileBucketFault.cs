using Skerry.Storage.Log;

namespace Skerry.Storage.Buckets;

/// <summary>Makes the file system's errors those of a bucket.</summary>
internal static class FileBucketFault
{
    private const int ReadOnlyFileSystem = 30; // EROFS

    /// <summary>True for what a file system throws.</summary>
    public static bool IsDisk(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>True if there is nothing of that name, or the way to it is no folder.</summary>
    public static bool IsMissing(IOException error)
    {
        const int NoEntry = 2; // ENOENT
        const int NotAFolder = 20; // ENOTDIR
        return error is FileNotFoundException or DirectoryNotFoundException
            || (!OperatingSystem.IsWindows() && error.HResult is NoEntry or NotAFolder);
    }

    /// <summary>True if there is something of that name.</summary>
    public static bool IsTaken(IOException error)
    {
        const int Exists = 17; // EEXIST
        const int WindowsExists = unchecked((int)0x800700B7); // ERROR_ALREADY_EXISTS
        return error.HResult == (OperatingSystem.IsWindows() ? WindowsExists : Exists);
    }

    /// <summary>Translates; <paramref name="begun"/> says that the change may have happened.</summary>
    public static BucketException Of(Exception error, string root, string operation, string key, bool begun)
    {
        var what = $"Could not {operation} {key} in the bucket folder {root}: {error.Message}";
        if (begun)
        {
            return new BucketException(BucketFault.OutcomeUnknown, $"{what} It may have happened all the same, and may not last. Check the disk.", error);
        }

        return error switch
        {
            IOException io when LogFile.IsDiskFull(io) =>
                new BucketException(BucketFault.Full, $"{what} The disk is full. Make room there.", error),
            UnauthorizedAccessException =>
                new BucketException(BucketFault.Denied, $"{what} Give this user the right to read and write there.", error),
            IOException { HResult: ReadOnlyFileSystem } =>
                new BucketException(BucketFault.Denied, $"{what} The file system is mounted read-only, which also happens after a disk error.", error),
            _ when !Directory.Exists(Path.Combine(root, FileBucketListing.Own)) =>
                new BucketException(BucketFault.NoSuchBucket, $"{what} The folder is not there, or not what it was. Mount or restore it.", error),
            _ => new BucketException(BucketFault.Unavailable, $"{what} Check the disk.", error),
        };
    }

    /// <summary>If the key's path begins with another key, or the other way round: the fault that this is; else null.</summary>
    public static BucketException? OfClash(Exception error, string root, string key)
    {
        var clash = Directory.Exists(Path.Combine(root, key)) ? $"there are keys below {key}/" : null;
        for (var slash = key.IndexOf('/'); slash >= 0; slash = key.IndexOf('/', slash + 1))
        {
            clash ??= File.Exists(Path.Combine(root, key[..slash])) ? $"{key[..slash]} is a key" : null;
        }

        return clash is null
            ? null
            : new BucketException(BucketFault.Unsuitable, $"Could not write {key} in the bucket folder {root}, for {clash}, and a name is either a file or a folder.", error);
    }
}
