using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Skerry.Storage.Relay.Alarms;

/// <summary>
/// The file <c>alarms/SESSION</c>: the pending alarms that a session looks after. Little-endian.
/// <code>
///  0 magic "SKRYALRM"   8 version, 1   12 number of entries, 4   16 number of the writing, 8
/// 24 entries: due, Unix ms, 8; id, 32; length of the namespace's name, 1; the name, UTF-8
/// then the checksum of everything before it, XXH3-64, 8
/// </code>
/// </summary>
/// <param name="Number">Grows with every writing, so that no two are the same.</param>
/// <param name="Alarms">When each object is due, Unix milliseconds.</param>
internal sealed record AlarmTable(long Number, IReadOnlyDictionary<ObjectKey, long> Alarms)
{
    private const ulong Magic = 0x4D524C4159524B53; // "SKRYALRM"
    private const int Version = 1;
    private const int HeaderBytes = 24;
    private const int EntryBytes = sizeof(long) + Id256.Size + 1;

    public static byte[] Write(AlarmTable table)
    {
        var alarms = table.Alarms;
        var output = new ArrayBufferWriter<byte>(HeaderBytes + (alarms.Count * (EntryBytes + 16)) + sizeof(ulong));
        var header = output.GetSpan(HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], alarms.Count);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], table.Number);
        output.Advance(HeaderBytes);
        foreach (var (key, due) in alarms)
        {
            var name = Encoding.UTF8.GetByteCount(key.Namespace);
            var entry = output.GetSpan(EntryBytes + name);
            BinaryPrimitives.WriteInt64LittleEndian(entry, due);
            var id = key.Id;
            id.Bytes.CopyTo(entry[sizeof(long)..]);
            entry[EntryBytes - 1] = checked((byte)name);
            Encoding.UTF8.GetBytes(key.Namespace, entry[EntryBytes..]);
            output.Advance(EntryBytes + name);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), XxHash3.HashToUInt64(output.WrittenSpan));
        output.Advance(sizeof(ulong));
        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="StorageDamagedException">The file is damaged.</exception>
    /// <exception cref="StorageException">A newer version wrote it.</exception>
    public static AlarmTable Read(string key, ReadOnlyMemory<byte> content)
    {
        var file = content.Span;
        if (file.Length < HeaderBytes + sizeof(ulong)
            || BinaryPrimitives.ReadUInt64LittleEndian(file) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(file[^sizeof(ulong)..]) != XxHash3.HashToUInt64(file[..^sizeof(ulong)]))
        {
            throw new StorageDamagedException(key, 0, "it is no table of alarms, or does not match its checksum");
        }

        if (BinaryPrimitives.ReadInt32LittleEndian(file[8..]) is var version && version != Version)
        {
            throw new StorageException($"{key} in the bucket has version {version}; this version of Skerry knows version {Version}. Update this node.");
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(file[12..]);
        var alarms = new Dictionary<ObjectKey, long>();
        var entries = file[HeaderBytes..^sizeof(ulong)];
        for (var i = 0; i < count; i++)
        {
            if (entries.Length < EntryBytes || entries.Length < EntryBytes + entries[EntryBytes - 1])
            {
                throw new StorageDamagedException(key, file.Length - sizeof(ulong) - entries.Length, $"it ends within entry {i} of {count}");
            }

            var name = entries.Slice(EntryBytes, entries[EntryBytes - 1]);
            var id = new Id256(entries.Slice(sizeof(long), Id256.Size));
            alarms[new ObjectKey(Encoding.UTF8.GetString(name), id)] = BinaryPrimitives.ReadInt64LittleEndian(entries);
            entries = entries[(EntryBytes + name.Length)..];
        }

        return new AlarmTable(BinaryPrimitives.ReadInt64LittleEndian(file[16..]), alarms);
    }
}
