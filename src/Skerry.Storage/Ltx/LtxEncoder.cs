using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace Skerry.Storage.Ltx;

/// <summary>
/// Encodes LTX files into buffers, one after another: <see cref="Begin"/>, <see cref="AddPage"/> for each page in
/// ascending order, <see cref="End"/>. It runs at every commit, so it keeps its hash state and index buffer and
/// allocates nothing a page. Not thread-safe; <see cref="Begin"/> may be called at any time to start over.
/// </summary>
/// <param name="compression">How pages are stored.</param>
public sealed class LtxEncoder(LtxCompression compression = LtxCompression.Fast)
{
    private readonly Crc64 _crc = new(LtxChecksum.Iso);
    private readonly LtxIndexBuilder _index = new();
    private IBufferWriter<byte>? _output;
    private LtxHeader _header;
    private uint _lastPage;

    /// <summary>Bytes that a file with that many pages can take at most.</summary>
    public static long MaxFileSize(int pageSize, int pages) =>
        LtxHeader.Size
        + ((long)pages * (LtxFrame.MaxSize(pageSize) + (3 * Uvarint.MaxSize)))
        + LtxFrame.PageHeaderSize + 1 + sizeof(ulong) + LtxTrailer.Size;

    /// <summary>Encodes one whole file.</summary>
    /// <inheritdoc cref="Begin" path="/param"/>
    /// <param name="pages">The pages, ascending.</param>
    /// <param name="postApplyChecksum">See <see cref="End"/>.</param>
    /// <exception cref="ArgumentException">The header or a page is not valid.</exception>
    public LtxTrailer Encode(IBufferWriter<byte> output, in LtxHeader header, ReadOnlySpan<LtxPage> pages, ulong postApplyChecksum)
    {
        Begin(output, header);
        foreach (var page in pages)
        {
            AddPage(page.Number, page.Content.Span);
        }

        return End(postApplyChecksum);
    }

    /// <summary>Starts a file.</summary>
    /// <param name="output">Where the file goes; it must not be used for anything else before <see cref="End"/>.</param>
    /// <param name="header">The file's header.</param>
    /// <exception cref="ArgumentException"><paramref name="header"/> is not valid.</exception>
    public void Begin(IBufferWriter<byte> output, in LtxHeader header)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = null;
        _crc.Reset();
        _index.Reset(LtxHeader.Size);
        _lastPage = 0;
        var bytes = output.GetSpan(LtxHeader.Size)[..LtxHeader.Size];
        header.Write(bytes);
        _crc.Append(bytes);
        output.Advance(LtxHeader.Size);
        _header = header;
        _output = output;
    }

    /// <summary>Adds a page.</summary>
    /// <param name="page">Its number, from 1; greater than the last one and at most <see cref="LtxHeader.Commit"/>, and not the lock page. A snapshot has all pages.</param>
    /// <param name="content">Exactly <see cref="LtxHeader.PageSize"/> bytes.</param>
    /// <exception cref="ArgumentException">The page does not go here.</exception>
    public void AddPage(uint page, ReadOnlySpan<byte> content)
    {
        var output = _output ?? throw new InvalidOperationException("No file has been begun.");
        if (LtxPageOrder.Check(_header, _lastPage, page) is { } error)
        {
            throw new ArgumentException($"Page {page} cannot be added: {error}.", nameof(page));
        }

        if (content.Length != _header.PageSize)
        {
            throw new ArgumentException($"Page {page} has {content.Length} bytes, not {_header.PageSize}.", nameof(content));
        }

        var frame = output.GetSpan(LtxFrame.MaxSize(content.Length));
        var size = LtxFrame.Write(frame, page, content, compression);
        _crc.Append(frame[..LtxFrame.HeaderSize]);
        _crc.Append(content);
        output.Advance(size);
        _index.Add(page, size);
        _lastPage = page;
    }

    /// <summary>Ends the file with its index and trailer.</summary>
    /// <param name="postApplyChecksum">The database's checksum after the file; 0 if the header says that there are none.</param>
    /// <exception cref="ArgumentException">The checksum cannot be right, or a snapshot lacks pages.</exception>
    public LtxTrailer End(ulong postApplyChecksum)
    {
        var output = _output ?? throw new InvalidOperationException("No file has been begun.");
        if (LtxTrailer.CheckPostApply(postApplyChecksum, _header) is { } error)
        {
            throw new ArgumentException($"The file cannot end: {error}.", nameof(postApplyChecksum));
        }

        if (LtxPageOrder.CheckEnd(_header, _lastPage) is { } missing)
        {
            throw new ArgumentException($"The file cannot end: {missing}.", nameof(postApplyChecksum));
        }

        var index = _index.End();
        var size = LtxFrame.PageHeaderSize + index.Length + sizeof(ulong) + LtxTrailer.Size;
        var bytes = output.GetSpan(size)[..size];
        bytes[..LtxFrame.PageHeaderSize].Clear();
        index.CopyTo(bytes[LtxFrame.PageHeaderSize..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes[^(LtxTrailer.Size + sizeof(ulong))..], index.Length);
        var trailer = new LtxTrailer(postApplyChecksum, 0);
        trailer.Write(bytes[^LtxTrailer.Size..]);
        _crc.Append(bytes[..^sizeof(ulong)]);
        trailer = trailer with { FileChecksum = LtxChecksum.Flag | _crc.GetCurrentHashAsUInt64() };
        trailer.Write(bytes[^LtxTrailer.Size..]);
        output.Advance(size);
        _output = null;
        return trailer;
    }
}
