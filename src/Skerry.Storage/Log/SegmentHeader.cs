using System.Buffers.Binary;
using System.IO.Hashing;

namespace Skerry.Storage.Log;

/// <summary>
/// The first 4,096 bytes of a segment. All numbers of the log are little-endian. Two equal copies stand at bytes 0 and
/// 2,048, because without the salt nothing of the segment can be verified:
/// <code>
///  0 magic "SKRYLOG\n"   8 version (1)   12 number   16 salt   24 created, Unix ms   32 checksum of bytes 0–31
/// </code>
/// </summary>
internal readonly record struct SegmentHeader(uint Number, ulong Salt, long CreatedMs)
{
    /// <summary>The unit in which batches are aligned, and the size of this block.</summary>
    public const int Block = 4096;

    private const ulong Magic = 0x0A474F4C59524B53; // "SKRYLOG\n"
    private const uint Version = 1;
    private const int CopyAt = 2048;
    private const int Size = 40;

    /// <summary>Fills a block, which must be zeros.</summary>
    public void Write(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(block[16..], Salt);
        BinaryPrimitives.WriteInt64LittleEndian(block[24..], CreatedMs);
        BinaryPrimitives.WriteUInt64LittleEndian(block[32..], XxHash3.HashToUInt64(block[..32]));
        block[..Size].CopyTo(block[CopyAt..]);
    }

    /// <summary>Reads either copy that matches its checksum; false if neither does, or if it belongs to another segment.</summary>
    /// <exception cref="StorageException">The segment is of a newer version of the format.</exception>
    public static bool TryRead(ReadOnlySpan<byte> block, uint number, string path, out SegmentHeader header) =>
        TryReadCopy(block, number, path, out header) || TryReadCopy(block[CopyAt..], number, path, out header);

    private static bool TryReadCopy(ReadOnlySpan<byte> copy, uint number, string path, out SegmentHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(copy) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(copy[32..]) != XxHash3.HashToUInt64(copy[..32]))
        {
            return false;
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(copy[8..]);
        if (version != Version)
        {
            throw new StorageException($"{path} has version {version} of the log's format; this build reads version {Version}. Start the build that wrote it.");
        }

        header = new SegmentHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(copy[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(copy[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[24..]));
        return header.Number == number;
    }
}
