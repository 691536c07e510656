using System.Buffers.Binary;

namespace Skerry.Storage.Ltx;

/// <summary>
/// The first 100 bytes of an LTX file, version 3 of the format as <c>github.com/superfly/ltx</c> defines it. All
/// numbers are big-endian; the last 20 bytes are reserved and zero.
/// </summary>
public readonly record struct LtxHeader
{
    /// <summary>The length in bytes.</summary>
    public const int Size = 100;

    /// <summary>In <see cref="Flags"/>: the file carries no checksums of the database.</summary>
    public const uint NoChecksumFlag = 1 << 1;

    private const int ReservedOffset = 80;

    /// <summary>0 or <see cref="NoChecksumFlag"/>.</summary>
    public uint Flags { get; init; }

    /// <summary>Bytes in a page: a power of two from 512 to 65,536.</summary>
    public int PageSize { get; init; }

    /// <summary>Pages in the database after the last transaction of the file.</summary>
    public uint Commit { get; init; }

    /// <summary>The first transaction in the file, from 1. A file that starts with transaction 1 holds every page.</summary>
    public ulong MinTxid { get; init; }

    /// <summary>The last transaction in the file.</summary>
    public ulong MaxTxid { get; init; }

    /// <summary>When the last transaction was committed, Unix milliseconds.</summary>
    public long TimestampMs { get; init; }

    /// <summary>The database's checksum before the first transaction; 0 in a snapshot and without checksums.</summary>
    public ulong PreApplyChecksum { get; init; }

    /// <summary>Where the transaction began in SQLite's write-ahead log; 0 if it did not come from one.</summary>
    public long WalOffset { get; init; }

    /// <summary>Bytes the transaction took in SQLite's write-ahead log; 0 if it did not come from one.</summary>
    public long WalSize { get; init; }

    /// <summary>The first salt of SQLite's write-ahead log; 0 if the file did not come from one.</summary>
    public uint WalSalt1 { get; init; }

    /// <summary>The second salt of SQLite's write-ahead log; 0 if the file did not come from one.</summary>
    public uint WalSalt2 { get; init; }

    /// <summary>The node that wrote the file; 0 if unknown or compacted.</summary>
    public ulong NodeId { get; init; }

    /// <summary>True if the file holds the whole database: it starts with transaction 1.</summary>
    public bool IsSnapshot => MinTxid == 1;

    /// <summary>True if the file carries the database's checksums before and after.</summary>
    public bool HasChecksums => (Flags & NoChecksumFlag) == 0;

    /// <summary>The page that holds byte 1 GiB, which SQLite uses for locks and never writes; no file contains it.</summary>
    public uint LockPage => LockPageOf(PageSize);

    /// <summary>The page of that size that holds byte 1 GiB.</summary>
    public static uint LockPageOf(int pageSize) => (0x4000_0000u / (uint)pageSize) + 1;

    /// <summary>The last page that a complete database of <see cref="Commit"/> pages contains in a file.</summary>
    internal uint LastPage => Commit == LockPage ? Commit - 1 : Commit;

    /// <summary>Reads a header from the first <see cref="Size"/> bytes.</summary>
    /// <param name="path">The file's name, for the error.</param>
    /// <param name="bytes">At least the header; what follows is ignored.</param>
    /// <exception cref="StorageDamagedException">These bytes are not a valid header.</exception>
    public static LtxHeader Parse(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size)
        {
            throw new StorageDamagedException(path, bytes.Length, $"the file ends within the {Size} bytes of an LTX header");
        }

        if (!bytes.StartsWith("LTX1"u8))
        {
            throw new StorageDamagedException(path, 0, "the file does not start with LTX1 and is no LTX file");
        }

        var pageSize = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]);
        var header = new LtxHeader
        {
            Flags = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            PageSize = pageSize <= int.MaxValue ? (int)pageSize : -1,
            Commit = BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            MinTxid = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            MaxTxid = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]),
            TimestampMs = BinaryPrimitives.ReadInt64BigEndian(bytes[32..]),
            PreApplyChecksum = BinaryPrimitives.ReadUInt64BigEndian(bytes[40..]),
            WalOffset = BinaryPrimitives.ReadInt64BigEndian(bytes[48..]),
            WalSize = BinaryPrimitives.ReadInt64BigEndian(bytes[56..]),
            WalSalt1 = BinaryPrimitives.ReadUInt32BigEndian(bytes[64..]),
            WalSalt2 = BinaryPrimitives.ReadUInt32BigEndian(bytes[68..]),
            NodeId = BinaryPrimitives.ReadUInt64BigEndian(bytes[72..]),
        };
        if (bytes[ReservedOffset..Size].ContainsAnyExcept((byte)0))
        {
            throw new StorageDamagedException(path, ReservedOffset, "reserved bytes of the LTX header are not zero");
        }

        return header.Check() is var (offset, error) ? throw new StorageDamagedException(path, offset, error) : header;
    }

    /// <summary>Writes the header into the first <see cref="Size"/> bytes.</summary>
    /// <exception cref="ArgumentException">The header is not valid, or the span is too short.</exception>
    public void Write(Span<byte> bytes)
    {
        Validate();
        bytes[ReservedOffset..Size].Clear();
        "LTX1"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Flags);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], (uint)PageSize);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], Commit);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], MinTxid);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], MaxTxid);
        BinaryPrimitives.WriteInt64BigEndian(bytes[32..], TimestampMs);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[40..], PreApplyChecksum);
        BinaryPrimitives.WriteInt64BigEndian(bytes[48..], WalOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes[56..], WalSize);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[64..], WalSalt1);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[68..], WalSalt2);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[72..], NodeId);
    }

    /// <summary>Checks what can be checked of a header alone.</summary>
    /// <exception cref="ArgumentException">A field is out of range, or does not go with another.</exception>
    public void Validate()
    {
        if (Check() is var (_, error))
        {
            throw new ArgumentException($"This LTX header is not valid: {error}.");
        }
    }

    private (int Offset, string Error)? Check()
    {
        if ((Flags & ~NoChecksumFlag) != 0)
        {
            return (4, $"the header flags are 0x{Flags:x8}; only 0x{NoChecksumFlag:x8} is known");
        }

        if (PageSize is < 512 or > 65536 || (PageSize & (PageSize - 1)) != 0)
        {
            return (8, "the page size is not a power of two from 512 to 65536");
        }

        if (MinTxid == 0 || MaxTxid < MinTxid)
        {
            return (16, $"the transactions {MinTxid} to {MaxTxid} are no range from 1");
        }

        if (WalOffset < 0 || WalSize < 0 || (WalOffset == 0 && (WalSize | WalSalt1 | WalSalt2) != 0))
        {
            return (48, "the write-ahead log's offset, size and salts do not go together");
        }

        return CheckPreApplyChecksum() is { } error ? (40, error) : null;
    }

    private string? CheckPreApplyChecksum() => this switch
    {
        { IsSnapshot: true } or { HasChecksums: false } => PreApplyChecksum == 0
            ? null
            : "a snapshot, or a file without checksums, has a checksum of the database before it",
        _ => PreApplyChecksum >= LtxChecksum.Flag
            ? null
            : "the checksum of the database before the file is missing or has no flag bit",
    };
}
