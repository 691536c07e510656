using Microsoft.Win32.SafeHandles;

namespace Skerry.Storage.Buckets;

/// <summary>
/// The place of one open bucket for files that are being written. It is locked as long as it is in use; a slot that is
/// not locked is of a process that is gone, and whatever is in it is swept. Thread-safe.
/// </summary>
internal sealed class FileBucketSlot : IDisposable
{
    private const int SlotsMax = 10_000;

    private readonly SafeFileHandle _lock;
    private readonly string _folder;
    private long _files;

    private FileBucketSlot(SafeFileHandle held, string folder)
    {
        _lock = held;
        _folder = folder;
    }

    /// <summary>Takes the first free slot, and sweeps all free ones.</summary>
    public static FileBucketSlot Take(string parent)
    {
        FileBucketSlot? mine = null;
        for (var number = 0; number < SlotsMax; number++)
        {
            var folder = Path.Combine(parent, $"slot-{number:d4}");
            if (mine is not null && !Directory.Exists(folder))
            {
                return mine;
            }

            if (TryLock(folder + ".lock") is not { } held)
            {
                continue;
            }

            Sweep(folder);
            if (mine is null)
            {
                mine = new FileBucketSlot(held, folder);
            }
            else
            {
                held.Dispose();
            }
        }

        return mine ?? throw new StorageException($"{SlotsMax} processes have {parent} open; there is no room for another.");
    }

    /// <summary>A name for a new file, on the bucket's file system.</summary>
    public string NewFile() => Path.Combine(_folder, $"{Interlocked.Increment(ref _files):x}");

    public void Dispose() => _lock.Dispose();

    // FileShare.None is an advisory flock on Unix, of this one handle: two buckets in one process exclude each other too.
    private static SafeFileHandle? TryLock(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (DataFolder.IsHeld(e))
        {
            return null;
        }
    }

    private static void Sweep(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            File.Delete(file);
        }
    }
}
