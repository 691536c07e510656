using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Skerry.Storage.Log;

/// <summary>
/// The start of a record within a batch; records start at multiples of 8. Header and payload have checksums of their
/// own, so that one record can be read without its batch, and a damaged payload still names its object.
/// <code>
///  0 checksum of bytes 8 to the end of the name   8 magic "SREC"   12 bytes of the namespace's name
/// 16 sequence   24 epoch   32 txid   40 time, Unix ms   48 alarm, Unix ms   56 previous (position)
/// 64 object's id, 32 bytes   96 bytes of payload   100 offset in the file   104 checksum of the payload
/// 112 the namespace's name, UTF-8, zeros up to a multiple of 8, then the payload, zeros up to a multiple of 8
/// </code>
/// </summary>
internal readonly record struct RecordHeader(LogRecordHeader Record, ulong Sequence, int HeaderBytes, int PayloadBytes, ulong PayloadChecksum)
{
    /// <summary>The largest payload, bytes.</summary>
    public const int PayloadBytesMax = 1 << 30;

    /// <summary>The longest name of a namespace, bytes.</summary>
    public const int NameBytesMax = 64;

    /// <summary>The most bytes a header takes.</summary>
    public const int SizeMax = Fixed + NameBytesMax;

    /// <summary>The fewest bytes a header takes.</summary>
    public const int Fixed = 112;

    private const uint Magic = 0x43455253; // "SREC"

    /// <summary>Bytes from this record to the next.</summary>
    public int TotalBytes => HeaderBytes + Align8(PayloadBytes);

    /// <summary>Bytes that a record will take.</summary>
    public static int SizeOf(AppendRequest request) =>
        Fixed + Align8(Encoding.UTF8.GetByteCount(request.Stream.Key.Namespace)) + Align8((int)request.ContentBytes);

    /// <summary>Encodes a record; <paramref name="bytes"/> is exactly as long as <see cref="SizeOf"/> says.</summary>
    public static void Write(Span<byte> bytes, AppendRequest request, ulong sequence, LogPosition previous, uint offset, ulong salt)
    {
        var payloadBytes = (int)request.ContentBytes;
        var key = request.Stream.Key;
        var nameBytes = Encoding.UTF8.GetBytes(key.Namespace, bytes[Fixed..]);
        var headerBytes = Fixed + Align8(nameBytes);
        bytes[(Fixed + nameBytes)..headerBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], nameBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], request.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], request.Txid);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], request.TimestampMs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], request.AlarmMs);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[56..], previous.ToUInt64());
        var id = key.Id;
        id.Bytes.CopyTo(bytes[64..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[96..], payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[100..], offset);
        request.Preamble.Span.CopyTo(bytes[headerBytes..]);
        request.Payload.Span.CopyTo(bytes[(headerBytes + request.Preamble.Length)..]);
        var payload = bytes.Slice(headerBytes, payloadBytes);
        bytes[(headerBytes + payloadBytes)..].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[104..], XxHash3.HashToUInt64(payload, (long)salt));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, XxHash3.HashToUInt64(bytes[8..headerBytes], (long)salt));
    }

    /// <summary>Reads a header; false if it does not match its checksum, or was written for another offset.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ulong salt, uint offset, out RecordHeader header)
    {
        header = default;
        if (bytes.Length < Fixed || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Magic)
        {
            return false;
        }

        var nameBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        if (nameBytes is < 0 or > NameBytesMax || bytes.Length < Fixed + Align8(nameBytes))
        {
            return false;
        }

        var headerBytes = Fixed + Align8(nameBytes);
        var payloadBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[96..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != XxHash3.HashToUInt64(bytes[8..headerBytes], (long)salt)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[100..]) != offset
            || payloadBytes is < 0 or > PayloadBytesMax)
        {
            return false;
        }

        header = new RecordHeader(
            new LogRecordHeader(
                new ObjectKey(NamespaceNames.Get(bytes.Slice(Fixed, nameBytes)), new Id256(bytes.Slice(64, Id256.Size))),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
                LogPosition.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]))),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            headerBytes,
            payloadBytes,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[104..]));
        return true;
    }

    /// <summary>True if the payload is the one that was written.</summary>
    public bool Matches(ReadOnlySpan<byte> payload, ulong salt) =>
        payload.Length == PayloadBytes && XxHash3.HashToUInt64(payload, (long)salt) == PayloadChecksum;

    private static int Align8(int bytes) => (bytes + 7) & -8;
}
