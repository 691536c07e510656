using System.Buffers.Binary;
using K4os.Compression.LZ4;

namespace Skerry.Storage.Ltx;

/// <summary>One page in a file: its number (4 bytes), flags (2), the block's length (4), and an LZ4 block.</summary>
internal static class LtxFrame
{
    /// <summary>Bytes of a page's number and flags; that many zeros end the pages.</summary>
    public const int PageHeaderSize = 6;

    /// <summary>Bytes before the LZ4 block.</summary>
    public const int HeaderSize = PageHeaderSize + sizeof(uint);

    /// <summary>The flag that says that the block's length follows. Writers before it used LZ4 frames, which are not read here.</summary>
    public const ushort SizeFlag = 1;

    /// <summary>Bytes in the largest frame of a page of that size.</summary>
    public static int MaxSize(int pageSize) => HeaderSize + LZ4Codec.MaximumOutputSize(pageSize);

    /// <summary>Writes a frame into at least <see cref="MaxSize"/> bytes and answers its length.</summary>
    public static int Write(Span<byte> frame, uint page, ReadOnlySpan<byte> content, LtxCompression compression)
    {
        var block = compression == LtxCompression.Stored
            ? WriteLiterals(frame[HeaderSize..], content)
            : LZ4Codec.Encode(content, frame[HeaderSize..], LZ4Level.L00_FAST);
        BinaryPrimitives.WriteUInt32BigEndian(frame, page);
        BinaryPrimitives.WriteUInt16BigEndian(frame[4..], SizeFlag);
        BinaryPrimitives.WriteInt32BigEndian(frame[PageHeaderSize..], block);
        return HeaderSize + block;
    }

    /// <summary>Null, or what is wrong with a frame's header.</summary>
    public static string? CheckHeader(ReadOnlySpan<byte> header, int pageSize)
    {
        if (BinaryPrimitives.ReadUInt16BigEndian(header[4..]) != SizeFlag)
        {
            return "a page frame has flags other than 1 (LZ4 block with its length)";
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(header[PageHeaderSize..]);
        return size == 0 || size > LZ4Codec.MaximumOutputSize(pageSize)
            ? $"a page frame claims {size} bytes of LZ4 block"
            : null;
    }

    /// <summary>Decompresses a block; false if it is not exactly one page.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> block, Span<byte> content) =>
        LZ4Codec.Decode(block, content) == content.Length;

    // A block that is one run of literals: a token of 15, the length less 15 in bytes of 255 and a rest, the bytes.
    private static int WriteLiterals(Span<byte> block, ReadOnlySpan<byte> content)
    {
        var rest = content.Length - 15;
        var fills = rest / 255;
        block[0] = 0xf0;
        block.Slice(1, fills).Fill(255);
        block[fills + 1] = (byte)(rest - (fills * 255));
        content.CopyTo(block[(fills + 2)..]);
        return fills + 2 + content.Length;
    }
}
