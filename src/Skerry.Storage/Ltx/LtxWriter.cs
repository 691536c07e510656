using System.Buffers;

namespace Skerry.Storage.Ltx;

/// <summary>
/// Writes an LTX file of any length to a stream: snapshots and compacted files. It keeps 64 KiB of output and about
/// ten bytes of index a page in memory. Not thread-safe; it neither flushes nor closes the stream.
/// </summary>
public sealed class LtxWriter
{
    private const int BufferBytes = 64 * 1024;
    private readonly Stream _stream;
    private readonly LtxHeader _header;
    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes + LtxFrame.MaxSize(65536));
    private readonly LtxEncoder _encoder;
    private ulong _checksum = LtxChecksum.Empty;

    /// <summary>Starts a file on <paramref name="stream"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="header"/> is not valid.</exception>
    public LtxWriter(Stream stream, in LtxHeader header, LtxCompression compression = LtxCompression.Fast)
    {
        _stream = stream ?? throw new ArgumentNullException(nameof(stream));
        _header = header;
        _encoder = new LtxEncoder(compression);
        _encoder.Begin(_buffer, header);
    }

    /// <summary>Bytes written so far, with what is still in the buffer; after <see cref="End"/>, the file's length.</summary>
    public long Length { get; private set; } = LtxHeader.Size;

    /// <summary>Writes a page.</summary>
    /// <inheritdoc cref="LtxEncoder.AddPage" path="/param"/>
    /// <exception cref="ArgumentException">The page does not go here.</exception>
    public void WritePage(uint page, ReadOnlySpan<byte> content)
    {
        var before = _buffer.WrittenCount;
        _encoder.AddPage(page, content);
        Length += _buffer.WrittenCount - before;
        if (_header is { IsSnapshot: true, HasChecksums: true })
        {
            _checksum = LtxChecksum.Toggle(_checksum, LtxChecksum.OfPage(page, content));
        }

        if (_buffer.WrittenCount >= BufferBytes)
        {
            WriteOut();
        }
    }

    /// <summary>Ends the file and hands the last bytes to the stream.</summary>
    /// <param name="postApplyChecksum">The database's checksum after the file; 0 if the header says that there are none.</param>
    /// <exception cref="ArgumentException">The checksum cannot be right, or a snapshot lacks pages.</exception>
    /// <exception cref="StorageException">The pages of a snapshot do not add up to the checksum, so one of them is damaged.</exception>
    public LtxTrailer End(ulong postApplyChecksum)
    {
        if (_header is { IsSnapshot: true, HasChecksums: true } && postApplyChecksum != _checksum)
        {
            throw new StorageException(
                $"The pages of a snapshot to transaction {_header.MaxTxid} have the checksum {_checksum:x16}, but the database's is {postApplyChecksum:x16}. The snapshot is not written: restore the object to an earlier bookmark.");
        }

        WriteOut();
        var trailer = _encoder.End(postApplyChecksum);
        Length += _buffer.WrittenCount;
        WriteOut();
        return trailer;
    }

    private void WriteOut()
    {
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
