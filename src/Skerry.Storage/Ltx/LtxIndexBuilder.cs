using System.Buffers;

namespace Skerry.Storage.Ltx;

/// <summary>
/// Makes the page index as pages go by: for each its number, its frame's offset in the file and the frame's length,
/// as varints, then 0. A writer writes it; a reader compares it with what the file says.
/// </summary>
internal sealed class LtxIndexBuilder
{
    private readonly ArrayBufferWriter<byte> _bytes = new(256);

    /// <summary>Where the next frame begins.</summary>
    public long Offset { get; private set; }

    public void Reset(long offset)
    {
        _bytes.ResetWrittenCount();
        Offset = offset;
    }

    public void Add(uint page, int frameSize)
    {
        var bytes = _bytes.GetSpan(3 * Uvarint.MaxSize);
        var count = Uvarint.Write(bytes, page);
        count += Uvarint.Write(bytes[count..], (ulong)Offset);
        count += Uvarint.Write(bytes[count..], (ulong)frameSize);
        _bytes.Advance(count);
        Offset += frameSize;
    }

    /// <summary>Ends the index and answers it; valid until the next call of <see cref="Reset"/>.</summary>
    public ReadOnlySpan<byte> End()
    {
        _bytes.GetSpan(1)[0] = 0;
        _bytes.Advance(1);
        return _bytes.WrittenSpan;
    }
}
