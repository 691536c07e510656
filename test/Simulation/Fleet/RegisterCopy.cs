using System.Buffers;
using System.Buffers.Binary;
using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Simulation.Fleet;

/// <summary>
/// The state of an object of the simulation: a database of one page that holds one number. Its transactions are LTX files,
/// and its checksums are real, so that whatever the archive would notice it does notice.
/// </summary>
internal readonly record struct RegisterCopy(PageState State, long Value)
{
    public RegisterCopy Next(long value, ulong epoch, long timeMs, long alarmMs) => new(
        new PageState(State.Transaction + 1, epoch, 1, LtxChecksum.Toggle(LtxChecksum.Empty, LtxChecksum.OfPage(1, Page(value))), timeMs, alarmMs), value);

    /// <summary>The transaction that leads here.</summary>
    public byte[] Encode(RegisterCopy before)
    {
        var output = new ArrayBufferWriter<byte>(512);
        var header = new LtxHeader
        {
            PageSize = IPageFile.PageSize,
            Commit = 1,
            MinTxid = State.Transaction,
            MaxTxid = State.Transaction,
            TimestampMs = State.TimestampMs,
            PreApplyChecksum = before.State.Checksum,
        };
        new LtxEncoder().Encode(output, header, [new LtxPage(1, Page(Value))], State.Checksum);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Page(long value)
    {
        var page = new byte[IPageFile.PageSize];
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(8), value);
        return page;
    }

    /// <summary>Receives a restored page.</summary>
    internal sealed class Sink : IPageSink
    {
        private PageState _state;
        private long _value;

        public RegisterCopy Copy(PageState state) => new(state, _value);

        public void Begin(in PageState state) => _state = state;

        public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum) =>
            _value = page == 1 ? BinaryPrimitives.ReadInt64LittleEndian(content[8..]) : throw new InvalidOperationException($"Page {page} of {_state}.");
    }
}
