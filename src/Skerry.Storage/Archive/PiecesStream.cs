namespace Skerry.Storage.Archive;

/// <summary>Reads pieces of memory as one seekable stream, without copying them together.</summary>
internal sealed class PiecesStream : Stream
{
    private readonly List<ReadOnlyMemory<byte>> _pieces;
    private readonly long[] _ends;
    private long _position;

    public PiecesStream(List<ReadOnlyMemory<byte>> pieces)
    {
        _pieces = pieces;
        _ends = new long[pieces.Count];
        var end = 0L;
        for (var i = 0; i < _ends.Length; i++)
        {
            _ends[i] = end += pieces[i].Length;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _ends is [.., var end] ? end : 0;

    public override long Position
    {
        get => _position;
        set => _position = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value));
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        // The piece that holds the position is the first that ends after it.
        var at = Array.BinarySearch(_ends, _position + 1);
        at = at < 0 ? ~at : at;
        while (at > 0 && _ends[at - 1] > _position)
        {
            at--;
        }

        var rest = _pieces[at].Span[^(int)(_ends[at] - _position)..];
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => _position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
