using CsCheck;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxPageIndexTests
{
    private static readonly LtxHeader s_header = new() { PageSize = 65536, Commit = 100_000, MinTxid = 5, MaxTxid = 5, PreApplyChecksum = LtxChecksum.Flag };

    [Fact]
    public void Offsets_beyond_4_GiB_are_kept()
    {
        var builder = new LtxIndexBuilder();
        builder.Reset(LtxHeader.Size);
        for (uint page = 1; page <= 90_000; page += page == 16384 ? 2u : 1u)
        {
            builder.Add(page, 65_000);
        }

        var index = LtxPageIndex.Parse("a", s_header, builder.End(), builder.Offset + LtxFrame.PageHeaderSize);
        Assert.True(index.TryFind(90_000, out var offset, out var size));
        Assert.Equal((LtxHeader.Size + (89_998L * 65_000), 65_000), (offset, size));
        Assert.False(index.TryFind(16385, out _, out _));
        Assert.False(index.TryFind(90_001, out _, out _));
    }

    [Fact]
    public void Arbitrary_bytes_are_refused_without_another_error() =>
        Gen.Byte.Array[0, 100].Sample(bytes =>
        {
            Assert.Throws<StorageDamagedException>(() => LtxPageIndex.Parse("a", s_header, bytes, 1000));
        });

    [Fact]
    public void The_length_in_a_tail_must_fit_the_file()
    {
        var tail = new byte[24];
        tail[7] = 10;
        Assert.Equal(10, LtxPageIndex.SizeFromTail("a", tail, 140));
        Assert.Throws<StorageDamagedException>(() => LtxPageIndex.SizeFromTail("a", tail, 139));
        Assert.Throws<StorageDamagedException>(() => LtxPageIndex.SizeFromTail("a", tail, 20));
        tail[0] = 0x80;
        Assert.Throws<StorageDamagedException>(() => LtxPageIndex.SizeFromTail("a", tail, long.MaxValue));
    }

    [Fact]
    public void Varints_are_those_of_Go() => Gen.ULong.Sample(value =>
    {
        var bytes = new byte[Uvarint.MaxSize];
        ReadOnlySpan<byte> written = bytes.AsSpan(0, Uvarint.Write(bytes, value));
        Assert.True(Uvarint.TryTake(ref written, out var read));
        Assert.Equal(value, read);
        Assert.True(written.IsEmpty);
    });
}
