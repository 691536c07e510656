using System.Buffers.Binary;
using System.IO.Hashing;

namespace Skerry.Storage.Archive;

/// <summary>
/// The last 48 bytes of a batch file, little-endian; whoever wants to know what is in the file begins here.
/// <code>
///  0 offset of the index, 8 bytes   8 bytes of the index, 4   12 entries in the index, 4   16 checksum of the index, 8
/// 24 version, 1, then 7 zeros      32 checksum of bytes 0–31, 8                            40 magic "SKRYBTCH"
/// </code>
/// Checksums are XXH3-64.
/// </summary>
internal readonly record struct BatchFooter(long IndexOffset, int IndexBytes, int Entries, ulong IndexChecksum)
{
    /// <summary>The length in bytes.</summary>
    public const int Size = 48;

    /// <summary>The only version so far.</summary>
    public const byte Version = 1;

    private static ReadOnlySpan<byte> Magic => "SKRYBTCH"u8;

    /// <summary>Bytes of the whole file.</summary>
    public long FileBytes => IndexOffset + IndexBytes + Size;

    /// <summary>Writes the footer into exactly <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, IndexOffset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], IndexBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Entries);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], IndexChecksum);
        bytes[24] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], XxHash3.HashToUInt64(bytes[..32]));
        Magic.CopyTo(bytes[40..]);
    }

    /// <summary>Reads a footer.</summary>
    /// <param name="path">The file's key, for errors.</param>
    /// <param name="tail">The end of the file, or all of it.</param>
    /// <param name="fileBytes">The file's length, if it is known.</param>
    /// <exception cref="StorageDamagedException">There is none.</exception>
    /// <exception cref="StorageException">A newer version wrote it.</exception>
    public static BatchFooter Parse(string path, ReadOnlySpan<byte> tail, long? fileBytes)
    {
        var at = Math.Max(0, (fileBytes ?? tail.Length) - Size);
        if (tail.Length < Size || !tail.EndsWith(Magic))
        {
            throw new StorageDamagedException(path, at, "the file does not end as a batch file does");
        }

        var bytes = tail[^Size..];
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]) != XxHash3.HashToUInt64(bytes[..32]))
        {
            throw new StorageDamagedException(path, at, "the footer does not match its checksum");
        }

        if (bytes[24] != Version)
        {
            throw new StorageException($"{path} has format {bytes[24]}; this version reads {Version}. Use the newer version that wrote it.");
        }

        var footer = new BatchFooter(
            BinaryPrimitives.ReadInt64LittleEndian(bytes),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
        if (footer is { IndexOffset: < 0 or > long.MaxValue / 2 } or { IndexBytes: < 0 } or { Entries: < 0 }
            || (fileBytes is { } known ? footer.FileBytes != known : footer.FileBytes < tail.Length))
        {
            throw new StorageDamagedException(path, at, "the footer does not go with the file's length");
        }

        return footer;
    }
}
