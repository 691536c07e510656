using System.Buffers;
using Skerry.Storage.Ltx;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Pages;

/// <summary>Makes the LTX file of one transaction, or of a whole state.</summary>
internal static class RecordEncoder
{
    [ThreadStatic]
    private static LtxEncoder? t_encoder;

    [ThreadStatic]
    private static PooledOutput? t_output;

    /// <summary>The record of one transaction, in an array of the shared pool that the caller returns.</summary>
    public static ArraySegment<byte> Encode(in PageState before, in PageState after, SortedList<uint, byte[]> pages)
    {
        var encoder = t_encoder ??= new LtxEncoder();
        var output = t_output ??= new PooledOutput();
        output.Clear();
        encoder.Begin(output, Header(before, after));
        for (var i = 0; i < pages.Count; i++)
        {
            encoder.AddPage(pages.Keys[i], pages.Values[i].AsSpan(0, IPageFile.PageSize));
        }

        encoder.End(after.Checksum);
        return output.Take();
    }

    /// <summary>Writes a whole state as an LTX snapshot.</summary>
    public static void WriteSnapshot(Stream stream, in PageState state, SortedDictionary<uint, byte[]> pages)
    {
        var writer = new LtxWriter(stream, Header(default, state) with { MinTxid = 1 });
        foreach (var (page, content) in pages)
        {
            writer.WritePage(page, content);
        }

        writer.End(state.Checksum);
    }

    private static LtxHeader Header(in PageState before, in PageState after) => new()
    {
        PageSize = IPageFile.PageSize,
        Commit = after.PageCount,
        MinTxid = after.Transaction,
        MaxTxid = after.Transaction,
        TimestampMs = after.TimestampMs,
        PreApplyChecksum = before.Transaction == 0 ? 0 : before.Checksum,
    };

    private sealed class PooledOutput : IBufferWriter<byte>
    {
        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(8192);
        private int _written;

        public void Advance(int count) => _written += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Ensure(sizeHint);
            return _buffer.AsMemory(_written);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Ensure(sizeHint);
            return _buffer.AsSpan(_written);
        }

        /// <summary>Forgets what an encoding that failed has left.</summary>
        public void Clear() => _written = 0;

        /// <summary>Hands the buffer over and takes a new one.</summary>
        public ArraySegment<byte> Take()
        {
            var taken = new ArraySegment<byte>(_buffer, 0, _written);
            _buffer = ArrayPool<byte>.Shared.Rent(8192);
            _written = 0;
            return taken;
        }

        private void Ensure(int more)
        {
            if (_buffer.Length - _written >= Math.Max(more, 1))
            {
                return;
            }

            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _written + more));
            _buffer.AsSpan(0, _written).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }
}
