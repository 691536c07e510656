using Microsoft.Win32.SafeHandles;
using Skerry.Storage.Log;

namespace Skerry.Storage.Buckets;

/// <summary>What a folder as a bucket asks of the disk when it writes; tests of failing disks replace it.</summary>
internal class FileBucketDisk
{
    /// <summary>Writes at a place of a new file.</summary>
    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    /// <summary>Makes a file's content last.</summary>
    public virtual void SyncFile(SafeFileHandle file, string path) => DiskSync.File(file, path);

    /// <summary>Gives a synced file its name.</summary>
    public virtual void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <summary>Makes created, renamed and removed names last.</summary>
    public virtual void SyncFolder(string folder) => DiskSync.Folder(folder);
}
