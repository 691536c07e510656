using System.Buffers.Binary;

namespace Skerry.Storage.Ltx;

/// <summary>
/// Where each page's frame is in a file. Immutable, safe for concurrent use; 16 bytes a page.
/// </summary>
public sealed class LtxPageIndex
{
    private readonly uint[] _pages;

    // One more than there are pages: a frame ends where the next one begins.
    private readonly long[] _offsets;

    private LtxPageIndex(uint[] pages, long[] offsets) => (_pages, _offsets) = (pages, offsets);

    /// <summary>The page numbers, ascending.</summary>
    public ReadOnlySpan<uint> Pages => _pages;

    /// <summary>Finds a page's frame.</summary>
    /// <param name="page">The page's number.</param>
    /// <param name="offset">The frame's first byte in the file.</param>
    /// <param name="size">The frame's length in bytes.</param>
    /// <returns>False if the file does not contain the page.</returns>
    public bool TryFind(uint page, out long offset, out int size)
    {
        var at = Array.BinarySearch(_pages, page);
        (offset, size) = at < 0 ? (0, 0) : (_offsets[at], (int)(_offsets[at + 1] - _offsets[at]));
        return at >= 0;
    }

    /// <summary>The index's length, from the last bytes of a file.</summary>
    /// <param name="path">The file's name, for the error.</param>
    /// <param name="tail">At least the last 24 bytes of the file.</param>
    /// <param name="fileSize">The file's length in bytes.</param>
    /// <returns>Bytes that the index takes; it ends 24 bytes before the file's end.</returns>
    /// <exception cref="StorageDamagedException">The length is impossible.</exception>
    public static long SizeFromTail(string path, ReadOnlySpan<byte> tail, long fileSize)
    {
        const int afterIndex = sizeof(ulong) + LtxTrailer.Size;
        if (tail.Length < afterIndex || fileSize < LtxHeader.Size + LtxFrame.PageHeaderSize + 1 + afterIndex)
        {
            throw new StorageDamagedException(path, fileSize, "the file is too short to hold a page index");
        }

        var size = BinaryPrimitives.ReadUInt64BigEndian(tail[^afterIndex..]);
        return size >= 1 && size <= (ulong)(fileSize - LtxHeader.Size - LtxFrame.PageHeaderSize - afterIndex)
            ? (long)size
            : throw new StorageDamagedException(path, fileSize - afterIndex, $"the page index cannot be {size} bytes long");
    }

    /// <summary>Reads an index. It must describe frames that fill the file from its header to itself.</summary>
    /// <param name="path">The file's name, for the error.</param>
    /// <param name="header">The file's header.</param>
    /// <param name="index">The index's bytes.</param>
    /// <param name="indexOffset">Where in the file the index begins.</param>
    /// <exception cref="StorageDamagedException">It does not.</exception>
    public static LtxPageIndex Parse(string path, in LtxHeader header, ReadOnlySpan<byte> index, long indexOffset)
    {
        // An entry takes at least three bytes, so the count is bounded by what is there.
        var pages = new List<uint>(index.Length / 8);
        var offsets = new List<long>(index.Length / 8);
        long end = LtxHeader.Size;
        uint last = 0;
        for (var rest = index; ;)
        {
            var at = indexOffset + index.Length - rest.Length;
            if (!Uvarint.TryTake(ref rest, out var page))
            {
                throw new StorageDamagedException(path, at, "the page index is cut off");
            }

            if (page == 0)
            {
                return rest.IsEmpty && end + LtxFrame.PageHeaderSize == indexOffset && LtxPageOrder.CheckEnd(header, last) is null
                    ? new LtxPageIndex([.. pages], [.. offsets, end])
                    : throw new StorageDamagedException(path, at, "the page index does not end where the pages do");
            }

            if (page > uint.MaxValue
                || LtxPageOrder.Check(header, last, (uint)page) is not null
                || !Uvarint.TryTake(ref rest, out var offset)
                || offset != (ulong)end
                || !Uvarint.TryTake(ref rest, out var size)
                || size <= LtxFrame.HeaderSize
                || size > (ulong)LtxFrame.MaxSize(header.PageSize))
            {
                throw new StorageDamagedException(path, at, $"the page index's entry {pages.Count} does not follow from the one before it");
            }

            pages.Add((uint)page);
            offsets.Add(end);
            end += (long)size;
            last = (uint)page;
        }
    }
}
