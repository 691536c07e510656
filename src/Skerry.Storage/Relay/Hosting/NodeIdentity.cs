using System.Security.Cryptography;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>What a data folder says of its node: who it is, and since when the machine has been up.</summary>
internal static class NodeIdentity
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>The folder's node id; made at its first use.</summary>
    /// <exception cref="StorageException">It cannot be read or written.</exception>
    public static NodeId Load(string folder)
    {
        var file = Path.Combine(folder, "node");
        try
        {
            if (File.Exists(file))
            {
                return NodeId.TryParse(File.ReadAllText(file).Trim(), out var id)
                    ? id
                    : throw new StorageDamagedException(file, 0, "it does not hold a node's id");
            }

            return Renew(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The node's id in {file} cannot be read or written: {e.Message}", e);
        }
    }

    /// <summary>Makes the folder's node another one, durably.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static NodeId Renew(string folder)
    {
        var fresh = new NodeId(Random());
        DurableFile.Replace(Path.Combine(folder, "node"), System.Text.Encoding.ASCII.GetBytes($"{fresh}\n"));
        return fresh;
    }

    /// <summary>A session id that nobody has.</summary>
    public static SessionId NewSession() => new(Random());

    /// <summary>
    /// Files that were not synced and not changed since this time, UTC, may hold anything: the machine has been started since
    /// then. By the file system's clock; the time stays the same until the machine starts again, however often the node does.
    /// </summary>
    public static DateTime DistrustedBefore(string folder)
    {
        var file = Path.Combine(folder, "boot");
        try
        {
            var now = File.Exists(BootIdFile) ? File.ReadAllText(BootIdFile) : "";
            var before = File.Exists(file) ? File.ReadAllText(file) : null;
            if (now.Length == 0 || now != before)
            {
                DurableFile.Replace(file, System.Text.Encoding.ASCII.GetBytes(now));
            }

            return File.GetLastWriteTimeUtc(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{file} cannot be read or written: {e.Message}", e);
        }
    }

    private static UInt128 Random()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
