using System.Buffers.Binary;
using System.IO.Hashing;

namespace Skerry.Storage.Ltx;

/// <summary>
/// The checksums of LTX: CRC-64/ISO (polynomial 0x1B, reflected, initial value and final mask all ones) with bit 63
/// always set, so that a checksum is never 0. A database's checksum is the exclusive or of its pages' checksums, so
/// a transaction changes it in proportion to the pages it writes. Safe for concurrent use.
/// </summary>
public static class LtxChecksum
{
    /// <summary>Set in every checksum. 0 means that there is none.</summary>
    public const ulong Flag = 1UL << 63;

    /// <summary>The checksum of a database without pages.</summary>
    public const ulong Empty = Flag;

    // The vectorised implementation takes 0.3 µs for 4,096 bytes where carry-less multiplication is available.
    internal static readonly Crc64ParameterSet Iso =
        Crc64ParameterSet.Create(0x1B, initialValue: ulong.MaxValue, finalXorValue: ulong.MaxValue, reflectValues: true);

    [ThreadStatic]
    private static Crc64? t_crc;

    /// <summary>The checksum of one page: over its number, 4 bytes big-endian, and its content.</summary>
    public static ulong OfPage(uint page, ReadOnlySpan<byte> content)
    {
        var crc = t_crc ??= new Crc64(Iso);
        crc.Reset();
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(number, page);
        crc.Append(number);
        crc.Append(content);
        return Flag | crc.GetCurrentHashAsUInt64();
    }

    /// <summary>
    /// Adds a page to a database's checksum, or takes it out again: both are the same operation. To replace a page,
    /// toggle the old content's checksum and then the new one's.
    /// </summary>
    public static ulong Toggle(ulong database, ulong page) => Flag | (database ^ page);
}
