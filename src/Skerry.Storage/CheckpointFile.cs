using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Skerry.Storage.Log;

namespace Skerry.Storage;

/// <summary>
/// The file <c>checkpoint</c>: the log position up to which every database file holds all records durably, and the
/// alarms pending then. Replaced whole, so that it is always one or the other.
/// </summary>
/// <remarks>
/// Little-endian: magic, format (4 bytes), alarm count (4), position (8); an alarm is its due time (8), its id (32), the
/// length of its namespace (1) and the namespace in UTF-8; an XXH3 hash of everything ends the file.
/// </remarks>
internal static class CheckpointFile
{
    private const uint Format = 1;

    private static ReadOnlySpan<byte> Magic => "SKRYCHKP"u8;

    public static void Write(string path, LogPosition position, IReadOnlyCollection<KeyValuePair<ObjectKey, long>> alarms)
    {
        var writer = new ArrayBufferWriter<byte>(64 + (alarms.Count * 64));
        writer.Write(Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(4), Format);
        writer.Advance(4);
        BinaryPrimitives.WriteInt32LittleEndian(writer.GetSpan(4), alarms.Count);
        writer.Advance(4);
        BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(8), position.ToUInt64());
        writer.Advance(8);
        foreach (var (key, due) in alarms)
        {
            BinaryPrimitives.WriteInt64LittleEndian(writer.GetSpan(8), due);
            writer.Advance(8);
            writer.Write(key.Id.Bytes);
            var length = Encoding.UTF8.GetBytes(key.Namespace, writer.GetSpan(256)[1..]);
            writer.GetSpan(1)[0] = (byte)length;
            writer.Advance(1 + length);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(8), XxHash3.HashToUInt64(writer.WrittenSpan));
        writer.Advance(8);
        DurableFile.Replace(path, writer.WrittenSpan);
    }

    private static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the file; the beginning of the log and no alarms if there is none yet.</summary>
    public static LogPosition Read(string path, Action<ObjectKey, long> alarm)
    {
        if (!File.Exists(path))
        {
            return default;
        }

        ReadOnlySpan<byte> bytes = ReadAll(path);
        if (bytes.Length < 32 || !bytes[..8].SequenceEqual(Magic)
            || XxHash3.HashToUInt64(bytes[..^8]) != BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]))
        {
            throw new StorageDamagedException(path, 0, "it does not match its checksum");
        }

        var format = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (format > Format)
        {
            throw new StorageException($"{path} has format {format}; this version reads up to {Format}. Use the newer version that wrote it.");
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var position = LogPosition.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
        var rest = bytes[24..];
        // Alarms of one namespace share its name: a million of them must not hold a million strings.
        for (var i = 0; i < count; i++)
        {
            var due = BinaryPrimitives.ReadInt64LittleEndian(rest);
            var id = new Id256(rest.Slice(8, Id256.Size));
            var length = rest[40];
            var name = Encoding.UTF8.GetString(rest.Slice(41, length));
            alarm(new ObjectKey(string.Intern(name), id), due);
            rest = rest[(41 + length)..];
        }

        return position;
    }
}
