using System.Buffers.Binary;

namespace Skerry.Storage.Ltx;

/// <summary>The last 16 bytes of an LTX file, big-endian.</summary>
/// <param name="PostApplyChecksum">The database's checksum after the last transaction; 0 without checksums.</param>
/// <param name="FileChecksum">The checksum of the file up to here, with pages hashed as they are before compression.</param>
public readonly record struct LtxTrailer(ulong PostApplyChecksum, ulong FileChecksum)
{
    /// <summary>The length in bytes.</summary>
    public const int Size = 16;

    /// <summary>Reads a trailer from the first <see cref="Size"/> bytes; whether it is true of the file is the reader's to check.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer bytes.</exception>
    public static LtxTrailer Parse(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>Writes the trailer into the first <see cref="Size"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is less room.</exception>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, PostApplyChecksum);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], FileChecksum);
    }

    /// <summary>Null, or why <paramref name="postApplyChecksum"/> cannot end a file with <paramref name="header"/>.</summary>
    internal static string? CheckPostApply(ulong postApplyChecksum, in LtxHeader header) => header switch
    {
        { HasChecksums: false } => postApplyChecksum == 0 ? null : "a file without checksums has a checksum of the database after it",
        _ when postApplyChecksum < LtxChecksum.Flag => "the checksum of the database after the file is missing or has no flag bit",
        { Commit: 0 } => postApplyChecksum == LtxChecksum.Empty ? null : "the database is empty after the file, but its checksum is not",
        _ => null,
    };
}
