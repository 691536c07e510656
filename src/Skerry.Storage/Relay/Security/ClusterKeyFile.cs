using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Security;

/// <summary>The file that holds the cluster's key, readable by its owner only (mode 0600).</summary>
public static partial class ClusterKeyFile
{
    /// <summary>The file's name in a data folder.</summary>
    public const string Name = "cluster.key";

    /// <summary>Reads the key; null if there is no such file.</summary>
    /// <exception cref="StorageException">The file cannot be read, others may read it too, or it holds no key.</exception>
    public static ClusterKey? Load(string path)
    {
        try
        {
            const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
            if (!OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & others) != 0)
            {
                throw new StorageException($"The cluster key file {path} can be read by others; take that away with: chmod 600 {path}");
            }

            return ClusterKey.TryParse(File.ReadAllText(path), out var key)
                ? key
                : throw new StorageException($"The cluster key file {path} holds no cluster key; accepted is {ClusterKey.Accepted}. Copy the file of another node of the cluster.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The cluster key file {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the key, or makes one and writes it, durably, if there is no such file.</summary>
    /// <exception cref="StorageException">As <see cref="Load"/>, or the file cannot be written.</exception>
    public static ClusterKey LoadOrCreate(string path, RandomNumberGenerator random)
    {
        if (Load(path) is { } present)
        {
            return present;
        }

        var key = ClusterKey.Create(random);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            // Written beside and given its name when it is whole: a start that is killed here leaves no half a key behind.
            // Nodes on one machine may share the file and start together; one of them wins, and all use what it wrote.
            var suffix = new byte[8];
            random.GetBytes(suffix);
            var fresh = $"{path}.{Convert.ToHexStringLower(suffix)}";
            using (var stream = new FileStream(fresh, create))
            {
                stream.Write(Encoding.ASCII.GetBytes(key.Reveal() + "\n"));
                stream.Flush(flushToDisk: true);
            }

            if (!TryName(fresh, path))
            {
                return Load(path)!;
            }

            DiskSync.Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return key;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The cluster key file {path} cannot be written: {e.Message}", e);
        }
    }

    // File.Move looks first and renames then, which lets two starts both win.
    private static bool TryName(string fresh, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(fresh, path, overwrite: false);
                return true;
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(fresh);
                return false;
            }
        }

        const int exists = 17; // EEXIST
        var linked = Link(fresh, path) == 0;
        var error = Marshal.GetLastPInvokeError();
        File.Delete(fresh);
        return linked || (error == exists ? false : throw new IOException($"the file cannot be given its name ({Marshal.GetPInvokeErrorMessage(error)})."));
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);
}
