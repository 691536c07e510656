namespace Skerry.Storage;

/// <summary>A file whose content does not match its checksum. The damaged content is never served.</summary>
public sealed class StorageDamagedException(string path, long offset, string what)
    : StorageException($"{path} is damaged at byte {offset}: {what}. Restore the file from a backup, or restore the object to an earlier bookmark.")
{
    /// <summary>What is wrong there.</summary>
    public string What { get; } = what;

    /// <summary>The damaged file.</summary>
    public string Path { get; } = path;

    /// <summary>The first byte, from 0, of the record or page that does not match its checksum.</summary>
    public long Offset { get; } = offset;
}
