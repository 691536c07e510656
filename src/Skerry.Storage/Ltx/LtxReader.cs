using System.Buffers.Binary;
using System.IO.Hashing;

namespace Skerry.Storage.Ltx;

/// <summary>
/// Reads an LTX file from front to back and checks everything that can be checked of it: the order and completeness
/// of pages, the index, the checksums, and that the file ends where it should. A page that has been read is proven
/// only when <see cref="ReadPage"/> has answered false, for the checksum is the last thing in a file: do not let its
/// content be seen before. Memory use does not depend on what the file claims. Not thread-safe.
/// </summary>
public sealed class LtxReader
{
    private readonly LtxSource _source;
    private readonly Crc64 _crc = new(LtxChecksum.Iso);
    private readonly LtxIndexBuilder _index = new();
    private ulong _checksum = LtxChecksum.Empty;
    private uint _lastPage;
    private LtxTrailer? _trailer;

    /// <summary>Opens a file that is in memory, and reads its header.</summary>
    /// <param name="path">The file's name, for errors.</param>
    /// <param name="file">The whole file, and nothing after it.</param>
    /// <exception cref="StorageDamagedException">The header is not valid.</exception>
    public LtxReader(string path, ReadOnlyMemory<byte> file)
        : this(path, new LtxSource(file))
    {
    }

    /// <summary>Opens a file at a stream's position, and reads its header. The caller closes the stream.</summary>
    /// <param name="path">The file's name, for errors.</param>
    /// <param name="stream">Ends where the file ends. Its own errors pass through.</param>
    /// <exception cref="StorageDamagedException">The header is not valid.</exception>
    public LtxReader(string path, Stream stream)
        : this(path, new LtxSource(stream))
    {
    }

    private LtxReader(string path, LtxSource source)
    {
        Path = path;
        _source = source;
        var bytes = source.Take(LtxHeader.Size);
        Header = LtxHeader.Parse(path, bytes);
        _crc.Append(bytes);
        _index.Reset(LtxHeader.Size);
    }

    /// <summary>The file's name, as given.</summary>
    public string Path { get; }

    /// <summary>The file's header. It is proven, as the pages are, only at the end.</summary>
    public LtxHeader Header { get; }

    /// <summary>The file's trailer.</summary>
    /// <exception cref="InvalidOperationException">The file has not been read to its end.</exception>
    public LtxTrailer Trailer =>
        _trailer ?? throw new InvalidOperationException($"{Path} has not been read to its end.");

    /// <summary>Reads the next page.</summary>
    /// <param name="content">Exactly <see cref="LtxHeader.PageSize"/> bytes to fill.</param>
    /// <param name="page">The page's number, from 1; 0 at the end.</param>
    /// <returns>False at the end: there is no other page, and every check has passed.</returns>
    /// <exception cref="StorageDamagedException">A check has failed; nothing read from this file may be used.</exception>
    public bool ReadPage(Span<byte> content, out uint page)
    {
        if (content.Length != Header.PageSize)
        {
            throw new ArgumentException($"A page of this file has {Header.PageSize} bytes, not {content.Length}.", nameof(content));
        }

        page = 0;
        if (_trailer is not null)
        {
            return false;
        }

        var offset = _source.Position;
        var bytes = Take(LtxFrame.PageHeaderSize, "the pages");
        Span<byte> header = stackalloc byte[LtxFrame.HeaderSize];
        bytes.CopyTo(header);
        if (!bytes.ContainsAnyExcept((byte)0))
        {
            _crc.Append(bytes);
            ReadEnd(offset);
            return false;
        }

        Take(sizeof(uint), "a page frame").CopyTo(header[LtxFrame.PageHeaderSize..]);
        var number = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (LtxFrame.CheckHeader(header, content.Length) is { } wrong)
        {
            throw Damaged(offset, wrong);
        }

        if (LtxPageOrder.Check(Header, _lastPage, number) is { } order)
        {
            throw Damaged(offset, $"page {number} cannot be here: {order}");
        }

        var block = Take(BinaryPrimitives.ReadInt32BigEndian(header[LtxFrame.PageHeaderSize..]), "a page frame");
        if (!LtxFrame.TryDecode(block, content))
        {
            throw Damaged(offset, $"the LZ4 block of page {number} does not decompress to a page");
        }

        _crc.Append(header);
        _crc.Append(content);
        _index.Add(number, LtxFrame.HeaderSize + block.Length);
        _lastPage = page = number;
        if (Header is { IsSnapshot: true, HasChecksums: true })
        {
            _checksum = LtxChecksum.Toggle(_checksum, LtxChecksum.OfPage(number, content));
        }

        return true;
    }

    /// <summary>Reads what is left, only to check it.</summary>
    /// <returns>The trailer.</returns>
    /// <inheritdoc cref="ReadPage" path="/exception"/>
    public LtxTrailer Verify()
    {
        Span<byte> content = Header.PageSize <= 4096 ? stackalloc byte[Header.PageSize] : new byte[Header.PageSize];
        while (ReadPage(content, out _))
        {
        }

        return Trailer;
    }

    private void ReadEnd(long pagesEnd)
    {
        if (LtxPageOrder.CheckEnd(Header, _lastPage) is { } missing)
        {
            throw Damaged(pagesEnd, missing);
        }

        ReadIndex();
        var offset = _source.Position;
        var bytes = Take(LtxTrailer.Size, "the trailer");
        var trailer = LtxTrailer.Parse(bytes);
        _crc.Append(bytes[..sizeof(ulong)]);
        if (trailer.FileChecksum != (LtxChecksum.Flag | _crc.GetCurrentHashAsUInt64()))
        {
            throw Damaged(offset + sizeof(ulong), "the file does not have the checksum that it ends with");
        }

        if (LtxTrailer.CheckPostApply(trailer.PostApplyChecksum, Header) is { } wrong)
        {
            throw Damaged(offset, wrong);
        }

        if (Header is { IsSnapshot: true, HasChecksums: true } && trailer.PostApplyChecksum != _checksum)
        {
            throw Damaged(offset, $"the pages have the checksum {_checksum:x16}, but the database's is {trailer.PostApplyChecksum:x16}");
        }

        if (!_source.Take(1).IsEmpty)
        {
            throw Damaged(offset + LtxTrailer.Size, "bytes follow the trailer");
        }

        _trailer = trailer;
    }

    // The index is a function of the frames, so the file must hold exactly the bytes that the frames lead to.
    private void ReadIndex()
    {
        const int chunkBytes = 16 * 1024;
        var expected = _index.End();
        for (var rest = expected; !rest.IsEmpty;)
        {
            var offset = _source.Position;
            var bytes = Take(Math.Min(rest.Length, chunkBytes), "the page index");
            var same = bytes.CommonPrefixLength(rest);
            if (same < bytes.Length)
            {
                throw Damaged(offset + same, "the page index does not match the pages");
            }

            _crc.Append(bytes);
            rest = rest[bytes.Length..];
        }

        var sizeOffset = _source.Position;
        var size = Take(sizeof(ulong), "the page index's length");
        if (BinaryPrimitives.ReadUInt64BigEndian(size) != (ulong)expected.Length)
        {
            throw Damaged(sizeOffset, $"the page index's length is not {expected.Length}");
        }

        _crc.Append(size);
    }

    private ReadOnlySpan<byte> Take(int count, string where)
    {
        var bytes = _source.Take(count);
        return bytes.Length == count ? bytes : throw Damaged(_source.Position, $"the file ends within {where}");
    }

    private StorageDamagedException Damaged(long offset, string what) => new(Path, offset, what);
}
