namespace Skerry.Storage.Log;

/// <summary>
/// Encodes one batch: room for the header, records one after the other, zeros up to the block's end. One buffer
/// serves all batches; only a record larger than the usual batch gets a buffer for itself alone. Not thread-safe.
/// </summary>
internal sealed class BatchBuffer(int bytesMax)
{
    private byte[] _buffer = Allocate(64 << 10);
    private int _used = BatchHeader.Size;

    /// <summary>Bytes of records.</summary>
    public int BodyBytes => _used - BatchHeader.Size;

    /// <summary>Where the next record goes, from the batch's start.</summary>
    public int NextOffset => _used;

    /// <summary>Starts a new batch.</summary>
    public void Reset()
    {
        _used = BatchHeader.Size;
        if (_buffer.Length > 2L * bytesMax + SegmentHeader.Block)
        {
            _buffer = Allocate(64 << 10);
        }
    }

    /// <summary>Room for the next record; its content is undefined.</summary>
    public Span<byte> Add(int bytes)
    {
        Grow(_used + bytes);
        var record = _buffer.AsSpan(_used, bytes);
        _used += bytes;
        return record;
    }

    /// <summary>The records.</summary>
    public ReadOnlySpan<byte> Body => _buffer.AsSpan(BatchHeader.Size, BodyBytes);

    /// <summary>The records; valid until the next batch.</summary>
    public ReadOnlyMemory<byte> BodyMemory => _buffer.AsMemory(BatchHeader.Size, BodyBytes);

    /// <summary>The batch as it is written, once the header is in.</summary>
    public ReadOnlySpan<byte> Seal(in BatchHeader header, ulong salt)
    {
        var total = (int)BatchHeader.Align(_used);
        Grow(total);
        header.Write(_buffer, salt);
        _buffer.AsSpan(_used, total - _used).Clear();
        return _buffer.AsSpan(0, total);
    }

    private static byte[] Allocate(int bytes) => GC.AllocateUninitializedArray<byte>(bytes, pinned: true);

    private void Grow(int bytes)
    {
        if (bytes > _buffer.Length)
        {
            var larger = Allocate((int)Math.Min(Array.MaxLength, BatchHeader.Align(Math.Max(bytes, 2L * _buffer.Length))));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            _buffer = larger;
        }
    }
}
