using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Archive;

/// <summary>
/// The index of a batch file, little-endian: objects one after the other, and of each its transactions.
/// <code>
/// object:  bytes of the namespace's name, 1   the name, UTF-8   id, 32   count of transactions, 4
/// each:    0 epoch   8 txid   16 sequence   24 alarm, Unix ms   32 time, Unix ms
///         40 checksum before   48 checksum after   56 pages, 4   60 bytes of its LTX file, 4
/// </code>
/// LTX files stand in the order of the index without gaps, so their offsets follow from their lengths.
/// </summary>
internal static class BatchIndexCodec
{
    private const int EntrySize = 64;

    /// <summary>Writes the index of entries that are in order.</summary>
    public static void Write(IBufferWriter<byte> output, IReadOnlyList<BatchEntry> entries)
    {
        for (var i = 0; i < entries.Count;)
        {
            var key = entries[i].Key;
            var count = 1;
            while (i + count < entries.Count && entries[i + count].Key == key)
            {
                count++;
            }

            var head = output.GetSpan(1 + RecordHeader.NameBytesMax + Id256.Size + 4);
            var name = Encoding.UTF8.GetBytes(key.Namespace, head[1..]);
            head[0] = (byte)name;
            key.Id.Bytes.CopyTo(head[(1 + name)..]);
            BinaryPrimitives.WriteInt32LittleEndian(head[(1 + name + Id256.Size)..], count);
            output.Advance(1 + name + Id256.Size + 4);
            for (var end = i + count; i < end; i++)
            {
                Write(output.GetSpan(EntrySize), entries[i]);
                output.Advance(EntrySize);
            }
        }
    }

    private static void Write(Span<byte> bytes, in BatchEntry entry)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, entry.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], entry.Txid);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], entry.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], entry.AlarmMs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], entry.TimestampMs);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], entry.PreApplyChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[48..], entry.PostApplyChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[56..], entry.PageCount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[60..], entry.Length);
    }

    /// <summary>Reads an index whose checksum has been found right. Nothing in it is believed for that.</summary>
    /// <exception cref="StorageDamagedException">It does not describe a file.</exception>
    public static BatchEntry[] Parse(string path, ReadOnlySpan<byte> index, in BatchFooter footer)
    {
        // An entry takes 64 bytes, so what is allocated is bounded by what is there.
        var entries = footer.Entries <= index.Length / EntrySize
            ? new BatchEntry[footer.Entries]
            : throw Damaged(path, footer, 0, $"it is too short for {footer.Entries} entries");
        var (count, at, offset) = (0, 0, 0L);
        while (at < index.Length)
        {
            var start = at;
            var key = ParseObject(path, footer, index, ref at, out var transactions);
            if (transactions == 0 || transactions > (uint)(entries.Length - count) || transactions > (uint)(index.Length - at) / EntrySize)
            {
                throw Damaged(path, footer, start, $"it claims {transactions} transactions of one object");
            }

            for (; transactions > 0; transactions--, at += EntrySize)
            {
                var entry = entries[count++] = ParseEntry(key, index.Slice(at, EntrySize), offset);
                if (entry.Length < LtxHeader.Size + LtxTrailer.Size || entry.Txid == 0)
                {
                    throw Damaged(path, footer, at, $"it claims that transaction {entry.Txid} takes {entry.Length} bytes");
                }

                offset += entry.Length;
            }
        }

        return count == entries.Length && offset == footer.IndexOffset
            ? entries
            : throw Damaged(path, footer, at, $"its {count} transactions take {offset} bytes, but {entries.Length} take {footer.IndexOffset}");
    }

    private static ObjectKey ParseObject(string path, in BatchFooter footer, ReadOnlySpan<byte> index, ref int at, out uint transactions)
    {
        var start = at;
        var rest = index[at..];
        var name = (int)rest[0];
        if (rest.Length < 1 + name + Id256.Size + 4)
        {
            throw Damaged(path, footer, start, "it is cut off");
        }

        Span<char> chars = stackalloc char[RecordHeader.NameBytesMax];
        var bytes = rest.Slice(1, name);
        if (!Encoding.UTF8.TryGetChars(bytes, chars, out var written) || !BucketKeys.IsNamespace(chars[..written]))
        {
            throw Damaged(path, footer, start, "it names an impossible namespace");
        }

        transactions = BinaryPrimitives.ReadUInt32LittleEndian(rest[(1 + name + Id256.Size)..]);
        at += 1 + name + Id256.Size + 4;
        return new ObjectKey(NamespaceNames.Get(bytes), new Id256(rest.Slice(1 + name, Id256.Size)));
    }

    private static BatchEntry ParseEntry(ObjectKey key, ReadOnlySpan<byte> bytes, long offset) => new(
        key,
        Epoch: BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        Txid: BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        Sequence: BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        AlarmMs: BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
        TimestampMs: BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
        PageCount: BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]),
        PreApplyChecksum: BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
        PostApplyChecksum: BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]),
        Offset: offset,
        Length: BinaryPrimitives.ReadInt32LittleEndian(bytes[60..]));

    private static StorageDamagedException Damaged(string path, in BatchFooter footer, int at, string what) =>
        new(path, footer.IndexOffset + at, $"the index is not what its checksum says it is: {what}");
}
