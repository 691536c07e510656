using Integration.Network;

namespace Integration.Disks;

/// <summary>A file system of its own under a part of a node's data folder, which can really be full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;
    private readonly string _ballast;

    private SmallDisk(string folder) => (_folder, _ballast) = (folder, Path.Combine(folder, "ballast"));

    /// <summary>Mounts it, with so many bytes of space that are free.</summary>
    public static SmallDisk Mount(string folder, int free)
    {
        // Room for a segment that is filled with zeros ahead, and the next.
        const int Size = 160 << 20;
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small file system needs root.");
        Directory.CreateDirectory(folder);
        PrivateNetwork.Run("mount", "-t", "tmpfs", "-o", $"size={Size}", "tmpfs", folder);
        var disk = new SmallDisk(folder);
        PrivateNetwork.Run("fallocate", "--length", $"{Size - free}", disk._ballast);
        return disk;
    }

    /// <summary>Frees what something else had taken.</summary>
    public void Free() => File.Delete(_ballast);

    public void Dispose() => PrivateNetwork.Run("umount", "--lazy", _folder);
}
