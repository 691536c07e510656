using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skerry.Storage.Log;

/// <summary>The operating system's calls that make bytes and names last.</summary>
internal static partial class DiskSync
{
    private const int Interrupted = 4; // EINTR

    /// <summary>
    /// Syncs a file's content. Linux: fdatasync, which leaves out times that nobody needs, so that overwriting
    /// prepared space costs no journal commit. macOS: F_FULLFSYNC, for fsync there stops at the drive's cache.
    /// </summary>
    /// <exception cref="IOException">The content may not be on stable storage.</exception>
    public static void File(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }

        const int FullFsync = 51; // F_FULLFSYNC
        int result;
        do
        {
            result = OperatingSystem.IsMacOS() ? Fcntl(handle, FullFsync) : Fdatasync(handle);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        ThrowIf(result < 0, path);
    }

    /// <summary>Syncs a folder's names; Windows does that by itself.</summary>
    /// <exception cref="IOException">A created, renamed or removed name may not last.</exception>
    public static void Folder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = Open(path, 0);
        ThrowIf(folder < 0, path);
        var result = Fsync(folder);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(folder);
        Marshal.SetLastPInvokeError(error);
        ThrowIf(result < 0, path);
    }

    /// <summary>
    /// Syncs everything written so far to the file system that holds a folder: one call, however many files.
    /// Systems without such a call sync each file under the folder.
    /// </summary>
    /// <exception cref="IOException">A write that the system had accepted failed.</exception>
    public static void FileSystem(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            foreach (var name in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
            {
                using var file = System.IO.File.OpenHandle(name, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
                File(file, name);
            }

            return;
        }

        var folder = Open(path, 0);
        ThrowIf(folder < 0, path);
        var result = Syncfs(folder);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(folder);
        Marshal.SetLastPInvokeError(error);
        ThrowIf(result < 0, path);
    }

    private static void ThrowIf(bool failed, string path)
    {
        if (failed)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle file, int command);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int Syncfs(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
