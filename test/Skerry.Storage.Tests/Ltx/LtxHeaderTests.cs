using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxHeaderTests
{
    private static readonly LtxHeader s_header = new()
    {
        PageSize = 4096,
        Commit = 0x01020304,
        MinTxid = 0x1112131415161718,
        MaxTxid = 0x2122232425262728,
        TimestampMs = 0x3132333435363738,
        PreApplyChecksum = 0xC142434445464748,
        WalOffset = 0x5152535455565758,
        WalSize = 0x6162636465666768,
        WalSalt1 = 0x71727374,
        WalSalt2 = 0x81828384,
        NodeId = 0x9192939495969798,
    };

    [Fact]
    public void Every_field_is_big_endian_at_its_offset()
    {
        var bytes = new byte[LtxHeader.Size];
        bytes.AsSpan().Fill(0xff);
        s_header.Write(bytes);
        Assert.Equal(
            "4c545831" + "00000000" + "00001000" + "01020304" + "1112131415161718" + "2122232425262728" + "3132333435363738"
            + "c142434445464748" + "5152535455565758" + "6162636465666768" + "71727374" + "81828384" + "9192939495969798"
            + new string('0', 40),
            Convert.ToHexStringLower(bytes));
        Assert.Equal(s_header, LtxHeader.Parse("a.ltx", bytes));
    }

    public static TheoryData<LtxHeader, string> Invalid => new()
    {
        { s_header with { Flags = 1 }, "flags" },
        { s_header with { PageSize = 256 }, "page size" },
        { s_header with { PageSize = 131072 }, "page size" },
        { s_header with { PageSize = 4095 }, "page size" },
        { s_header with { MinTxid = 0 }, "transactions" },
        { s_header with { MaxTxid = 5 }, "transactions" },
        { s_header with { WalOffset = -1 }, "write-ahead" },
        { s_header with { WalOffset = 0 }, "write-ahead" },
        { s_header with { PreApplyChecksum = 0 }, "checksum" },
        { s_header with { PreApplyChecksum = 5 }, "checksum" },
        { s_header with { MinTxid = 1 }, "checksum" },
        { s_header with { Flags = LtxHeader.NoChecksumFlag }, "checksum" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void A_header_that_is_not_valid_is_not_written(LtxHeader header, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => header.Write(new byte[LtxHeader.Size])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "a.ltx is damaged at byte 0")]
    [InlineData(7, "at byte 4: the header flags")]
    [InlineData(11, "at byte 8: the page size")]
    [InlineData(40, "at byte 40: the checksum")]
    [InlineData(99, "at byte 80: reserved")]
    public void Damage_is_named_with_file_and_byte(int at, string message)
    {
        var bytes = new byte[LtxHeader.Size];
        s_header.Write(bytes);
        bytes[at] ^= 0x81;
        var error = Assert.Throws<StorageDamagedException>(() => LtxHeader.Parse("a.ltx", bytes));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(512, 2097153u)]
    [InlineData(4096, 262145u)]
    [InlineData(65536, 16385u)]
    public void The_lock_page_holds_byte_1_GiB(int pageSize, uint page)
    {
        Assert.Equal(page, LtxHeader.LockPageOf(pageSize));
        Assert.Equal(0x4000_0000L, (page - 1L) * pageSize);
    }
}
