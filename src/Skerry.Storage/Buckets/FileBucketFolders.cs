using System.Collections.Concurrent;

namespace Skerry.Storage.Buckets;

/// <summary>
/// The folders of a bucket: made on demand, and made to last together with what is put into them. Thread-safe.
/// </summary>
internal sealed class FileBucketFolders(string root, FileBucketDisk disk)
{
    // A folder whose own name is on stable storage, as are its parents'. Only a memory: forgetting costs a sync.
    private const int KnownMax = 16_384;
    private const int RenameAttempts = 100;

    private readonly ConcurrentDictionary<string, bool> _known = new();

    /// <summary>
    /// Renames a file into a folder, making the folder and its parents if they are missing; that they last takes
    /// <see cref="Sync"/>.
    /// </summary>
    /// <remarks>
    /// A folder that is empty may be removed by others at any time until something is in it, hence the attempts. One that was
    /// there when it was made, and gone when it was looked at, is said to be taken.
    /// </remarks>
    public void Rename(string from, string to, string folder)
    {
        var make = !_known.ContainsKey(folder);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (make)
                {
                    Directory.CreateDirectory(folder);
                }

                disk.Rename(from, to);
                return;
            }
            catch (IOException e) when (attempt < RenameAttempts && (FileBucketFault.IsMissing(e) || FileBucketFault.IsTaken(e)) && File.Exists(from))
            {
                make = true;
            }
        }
    }

    /// <summary>Makes the names in a folder last, and the way to it.</summary>
    /// <remarks>
    /// The look at what is known comes after the rename whose name is to last: a folder is forgotten before it is
    /// removed, so one that is known now is the one that was renamed into.
    /// </remarks>
    public void Sync(string folder)
    {
        if (!TrySync(folder))
        {
            // Whoever removed the folder has removed the name from it before, and makes that last.
            return;
        }

        for (var child = folder; child != root && !_known.ContainsKey(child);)
        {
            child = Path.GetDirectoryName(child)!;
            if (!TrySync(child))
            {
                return;
            }
        }

        if (_known.Count >= KnownMax)
        {
            _known.Clear();
        }

        for (var child = folder; child != root && _known.TryAdd(child, true);)
        {
            child = Path.GetDirectoryName(child)!;
        }
    }

    /// <summary>Makes it last that names have gone from a folder, which may itself have gone meanwhile.</summary>
    public void SyncRemoval(string folder)
    {
        while (!TrySync(folder) && folder != root)
        {
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private bool TrySync(string folder)
    {
        try
        {
            disk.SyncFolder(folder);
            return true;
        }
        catch (IOException e) when (folder != root && FileBucketFault.IsMissing(e))
        {
            return false;
        }
    }

    /// <summary>Removes a folder that may be empty, and its parents that are so then. Returns the lowest folder that is left.</summary>
    public string Prune(string folder)
    {
        for (; folder != root; folder = Path.GetDirectoryName(folder)!)
        {
            try
            {
                if (Directory.EnumerateFileSystemEntries(folder).Any())
                {
                    break;
                }

                _known.TryRemove(folder, out _);
                Directory.Delete(folder);
            }
            catch (DirectoryNotFoundException)
            {
                // Somebody else removed it.
            }
            catch (IOException)
            {
                // Somebody put something there meanwhile.
                break;
            }
        }

        return folder;
    }
}
