using System.Buffers.Binary;
using System.IO.Hashing;

namespace Skerry.Storage.Log;

/// <summary>
/// The start of a batch: what one write and one sync made durable together. A batch starts at a multiple of 4,096;
/// its records follow the header, zeros fill the last block. A batch without records is a marker: it says that what
/// stands before it was complete.
/// <code>
///  0 checksum of bytes 8–79      8 magic "SKBATCH1"           16 segment   20 offset in the file
/// 24 first sequence             32 sequence before the first   40 records   44 bytes of records
/// 48 synced up to (position)    56 time of the first record   64 highest time before it   72 checksum of the records
/// </code>
/// Checksums are XXH3-64, seeded with the segment's salt.
/// </summary>
/// <param name="Position">Where the batch starts.</param>
/// <param name="FirstSequence">The first record's number; a marker has the number that comes next.</param>
/// <param name="PreviousSequence">The last record before this batch; the numbers between the two were given to records that failed.</param>
/// <param name="Records">How many records follow.</param>
/// <param name="BodyBytes">Their bytes.</param>
/// <param name="SyncedTo">
/// Where the batch before this one ends. Everything before that was on stable storage when this batch was written, so
/// what is illegible there is damage, not the torn end of a crash. Within a segment it is the batch's own position;
/// a segment's first batch may leave out the tail of an earlier one, whose sync failed.
/// </param>
/// <param name="FirstTimestampMs">The first record's time; 0 in a marker.</param>
/// <param name="HighestTimestampMs">The highest time of all records before this batch.</param>
/// <param name="BodyChecksum">Over all records.</param>
internal readonly record struct BatchHeader(
    LogPosition Position,
    ulong FirstSequence,
    ulong PreviousSequence,
    int Records,
    int BodyBytes,
    LogPosition SyncedTo,
    long FirstTimestampMs,
    long HighestTimestampMs,
    ulong BodyChecksum)
{
    public const int Size = 80;
    private const ulong Magic = 0x31484354_41424B53; // "SKBATCH1"

    /// <summary>The batch's last record; for a marker the last one before it.</summary>
    public ulong LastSequence => Records == 0 ? PreviousSequence : FirstSequence + (ulong)Records - 1;

    /// <summary>Where the next batch of the segment starts.</summary>
    public long End => Align(Position.Offset + Size + (long)BodyBytes);

    /// <summary>The next multiple of the block size.</summary>
    public static long Align(long bytes) => (bytes + SegmentHeader.Block - 1) & -SegmentHeader.Block;

    public void Write(Span<byte> bytes, ulong salt)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], Position.Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], Position.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], FirstSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], PreviousSequence);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], Records);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[44..], BodyBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[48..], SyncedTo.ToUInt64());
        BinaryPrimitives.WriteInt64LittleEndian(bytes[56..], FirstTimestampMs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], HighestTimestampMs);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[72..], BodyChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, XxHash3.HashToUInt64(bytes[8..Size], (long)salt));
    }

    /// <summary>Reads a header; false if it does not match its checksum, or was written for another place.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ulong salt, LogPosition position, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < Size
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != XxHash3.HashToUInt64(bytes[8..Size], (long)salt))
        {
            return false;
        }

        header = new BatchHeader(
            new LogPosition(BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..])),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[44..]),
            LogPosition.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..])),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[64..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]));
        return header.Position == position
            && header.Records >= 0
            && header.BodyBytes >= 0
            && (header.SyncedTo == position
                || (header.SyncedTo.Segment < position.Segment && position.Offset == SegmentHeader.Block));
    }
}
