namespace Skerry.Storage.Ltx;

/// <summary>Bytes in order, from memory or from a stream through one buffer of a fixed size.</summary>
internal sealed class LtxSource
{
    // The largest piece that a reader takes at once is a frame of a 64 KiB page.
    private const int BufferBytes = 80 * 1024;
    private readonly Stream? _stream;
    private readonly byte[]? _buffer;
    private ReadOnlyMemory<byte> _bytes;

    public LtxSource(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    public LtxSource(Stream stream)
    {
        _stream = stream ?? throw new ArgumentNullException(nameof(stream));
        _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    }

    /// <summary>Bytes taken.</summary>
    public long Position { get; private set; }

    /// <summary>Takes <paramref name="count"/> bytes, or the fewer that there are; valid until the next call.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (_bytes.Length < count && _stream is not null)
        {
            Fill(count);
        }

        var taken = _bytes.Span[..Math.Min(count, _bytes.Length)];
        _bytes = _bytes[taken.Length..];
        Position += taken.Length;
        return taken;
    }

    private void Fill(int count)
    {
        _bytes.CopyTo(_buffer);
        var have = _bytes.Length;
        while (have < count)
        {
            var read = _stream!.Read(_buffer!, have, _buffer!.Length - have);
            if (read == 0)
            {
                break;
            }

            have += read;
        }

        _bytes = _buffer.AsMemory(0, have);
    }
}
