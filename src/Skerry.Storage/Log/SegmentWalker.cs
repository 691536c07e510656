namespace Skerry.Storage.Log;

/// <summary>Finds batches in a segment by their headers. Not thread-safe.</summary>
/// <param name="segment">The segment.</param>
/// <param name="file">A handle to read through; null for the segment's own.</param>
internal sealed class SegmentWalker(LogSegment segment, LogFile? file = null)
{
    private const int ChunkBytes = 1 << 20;
    private byte[] _chunk = [];

    private LogFile File => file ?? segment.File;

    /// <summary>The batch at the segment's very start; null if there is none, or if it is illegible.</summary>
    public BatchHeader? First() => At(SegmentHeader.Block);

    /// <summary>The first batch at or after <paramref name="offset"/> that starts before <paramref name="limit"/>; null if there is none.</summary>
    public BatchHeader? Next(long offset, long limit = long.MaxValue)
    {
        if (!segment.IsLegible || offset >= limit)
        {
            return null;
        }

        if (At(offset) is { } here)
        {
            return here;
        }

        if (_chunk.Length == 0)
        {
            _chunk = GC.AllocateUninitializedArray<byte>((int)Math.Min(ChunkBytes, Math.Max(SegmentHeader.Block, File.Length)));
        }

        int read;
        for (var start = offset; start < limit && (read = File.Read(_chunk, start)) >= BatchHeader.Size; start += _chunk.Length & -SegmentHeader.Block)
        {
            for (var block = 0; block + BatchHeader.Size <= read && start + block < limit; block += SegmentHeader.Block)
            {
                if (BatchHeader.TryRead(_chunk.AsSpan(block, BatchHeader.Size), segment.Salt, PositionOf(start + block), out var header))
                {
                    return header;
                }
            }
        }

        return null;
    }

    private BatchHeader? At(long offset)
    {
        Span<byte> bytes = stackalloc byte[BatchHeader.Size];
        return segment.IsLegible
            && File.Read(bytes, offset) == bytes.Length
            && BatchHeader.TryRead(bytes, segment.Salt, PositionOf(offset), out var header)
            ? header
            : null;
    }

    private LogPosition PositionOf(long offset) => new(segment.Number, (uint)offset);
}
