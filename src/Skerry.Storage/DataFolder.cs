using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Skerry.Storage;

/// <summary>
/// A node's data folder, held exclusively as long as this object lives. Its <c>format.json</c> says which version of
/// the layout it has; a newer one is refused and left untouched.
/// </summary>
public sealed class DataFolder : IDisposable
{
    /// <summary>The layout this version writes, and the newest it reads.</summary>
    public const int Format = 1;

    private readonly SafeFileHandle _lock;

    private DataFolder(string path, SafeFileHandle held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <summary>Takes the folder, creating it if it is missing.</summary>
    /// <exception cref="StorageException">Another process holds it, it is of a newer version, or it cannot be written.</exception>
    public static DataFolder Acquire(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(path);
            var held = TakeLock(path);
            try
            {
                CheckFormat(path);
                return new DataFolder(path, held);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StorageException($"The data folder {path} cannot be used: {e.Message} Give this user the right to write there, or choose another folder with --data.", e);
        }
    }

    private static SafeFileHandle TakeLock(string path)
    {
        var file = System.IO.Path.Combine(path, "skerry.lock");
        try
        {
            // FileShare.None is an advisory flock on Unix; the kernel drops it with the process, however that ends.
            var held = File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

            // Only for people, who look for the process that holds the folder; the lock is what counts.
            RandomAccess.SetLength(held, 0);
            RandomAccess.Write(held, Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"), 0);
            return held;
        }
        catch (IOException e) when (IsHeld(e))
        {
            throw new StorageException($"The data folder {path} is held by another process. Stop that one, or choose another folder with --data.", e);
        }
    }

    // .NET reports the lock's refusal with the system's own number; anything else, such as a read-only disk, is no holder.
    internal static bool IsHeld(IOException e)
    {
        const int WouldBlock = 11; // EWOULDBLOCK of Linux
        const int MacWouldBlock = 35;
        const int WindowsSharingViolation = unchecked((int)0x80070020);
        return e.HResult is WindowsSharingViolation
            || (OperatingSystem.IsMacOS() ? e.HResult == MacWouldBlock : e.HResult == WouldBlock);
    }

    private static void CheckFormat(string path)
    {
        var file = System.IO.Path.Combine(path, "format.json");
        if (!File.Exists(file))
        {
            DurableFile.Replace(file, JsonSerializer.SerializeToUtf8Bytes(new { format = Format }));
            return;
        }

        int format;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            format = json.RootElement.GetProperty("format").GetInt32();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StorageDamagedException(file, 0, "it does not say the folder's format");
        }

        if (format > Format)
        {
            throw new StorageException($"The data folder {path} has format {format}, of a newer version; this one reads up to {Format}. Use the newer version, or choose another folder with --data.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();
}
