using Microsoft.Win32.SafeHandles;

namespace Skerry.Storage.Log;

/// <summary>
/// One open file of the log. Calls may come from several threads. Everything throws <see cref="IOException"/> when the
/// system refuses, and <see cref="ObjectDisposedException"/> once disposed.
/// </summary>
internal abstract class LogFile : IDisposable
{
    /// <summary>The file's length, bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Reads until <paramref name="buffer"/> is full or the file ends; answers the bytes read.</summary>
    public abstract int Read(Span<byte> buffer, long offset);

    /// <summary>Writes everything; when it throws, any part may have been written.</summary>
    public abstract void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns when everything written so far is on stable storage. After a failure the file's unsynced part may be anything, for good.</summary>
    public abstract void Sync();

    /// <summary>Cuts or extends the file.</summary>
    public abstract void SetLength(long length);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>True if the error says that there is no space, or no quota, left: a state that ends by itself.</summary>
    public static bool IsDiskFull(IOException error)
    {
        const int FileTooLarge = 27; // EFBIG: the process' own limit
        const int NoSpace = 28; // ENOSPC
        const int MacQuota = 69; // EDQUOT of macOS
        const int Quota = 122; // EDQUOT of Linux
        const int WindowsHandleDiskFull = unchecked((int)0x80070027);
        const int WindowsDiskFull = unchecked((int)0x80070070);
        return OperatingSystem.IsWindows()
            ? error.HResult is WindowsDiskFull or WindowsHandleDiskFull
            : error.HResult is NoSpace or FileTooLarge || error.HResult == (OperatingSystem.IsMacOS() ? MacQuota : Quota);
    }
}

/// <summary>A file of the operating system, written in place with pwrite.</summary>
internal sealed class DiskLogFile(string path, FileMode mode) : LogFile
{
    private readonly SafeFileHandle _handle =
        File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    public override long Length => RandomAccess.GetLength(_handle);

    public override int Read(Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = RandomAccess.Read(_handle, buffer[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    public override void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_handle, bytes, offset);

    public override void Sync() => DiskSync.File(_handle, path);

    public override void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public override void Dispose() => _handle.Dispose();
}
