using System.Buffers.Binary;

namespace Skerry.Storage.Ltx;

/// <summary>
/// A file in memory from which single pages are read through its index. The format has no checksum a page, so the
/// whole file is verified once, at the start. Safe for concurrent use.
/// </summary>
public sealed class LtxPageFile
{
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _file;

    /// <summary>Verifies a file and reads its index.</summary>
    /// <param name="path">The file's name, for errors.</param>
    /// <param name="file">The whole file; it must not change afterwards.</param>
    /// <exception cref="StorageDamagedException">The file is damaged.</exception>
    public LtxPageFile(string path, ReadOnlyMemory<byte> file)
    {
        var reader = new LtxReader(path, file);
        Trailer = reader.Verify();
        Header = reader.Header;
        _path = path;
        _file = file;
        var size = (int)LtxPageIndex.SizeFromTail(path, file.Span, file.Length);
        var offset = file.Length - LtxTrailer.Size - sizeof(ulong) - size;
        Index = LtxPageIndex.Parse(path, Header, file.Span.Slice(offset, size), offset);
    }

    /// <summary>The file's header.</summary>
    public LtxHeader Header { get; }

    /// <summary>The file's trailer.</summary>
    public LtxTrailer Trailer { get; }

    /// <summary>Where the pages are.</summary>
    public LtxPageIndex Index { get; }

    /// <summary>Reads one page.</summary>
    /// <param name="page">Its number.</param>
    /// <param name="content">Exactly <see cref="LtxHeader.PageSize"/> bytes to fill.</param>
    /// <returns>False if the file does not contain the page; <paramref name="content"/> is then as it was.</returns>
    /// <exception cref="StorageDamagedException">The memory has changed since it was verified.</exception>
    public bool TryRead(uint page, Span<byte> content)
    {
        if (content.Length != Header.PageSize)
        {
            throw new ArgumentException($"A page of this file has {Header.PageSize} bytes, not {content.Length}.", nameof(content));
        }

        if (!Index.TryFind(page, out var offset, out var size))
        {
            return false;
        }

        var frame = _file.Span.Slice((int)offset, size);
        return BinaryPrimitives.ReadUInt32BigEndian(frame) == page && LtxFrame.TryDecode(frame[LtxFrame.HeaderSize..], content)
            ? true
            : throw new StorageDamagedException(_path, offset, $"page {page} is no longer what it was when the file was verified");
    }
}
