using System.Buffers;
using CsCheck;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxRoundTripTests
{
    private static readonly Gen<(LtxHeader Header, ulong Post, (uint, byte[])[] Pages)> s_changes =
        from pages in Gen.Select(Gen.UInt[1, 5000], LtxSamples.Page).Array[0, 20]
        from min in Gen.ULong[2, 1UL << 40]
        from more in Gen.ULong[0, 100]
        from sums in Gen.Select(Gen.ULong, Gen.ULong)
        from checksums in Gen.Bool
        from time in Gen.Long
        select (
            new LtxHeader
            {
                PageSize = LtxSamples.PageSize,
                Commit = 5000,
                MinTxid = min,
                MaxTxid = min + more,
                TimestampMs = time,
                Flags = checksums ? 0 : LtxHeader.NoChecksumFlag,
                PreApplyChecksum = checksums ? sums.Item1 | LtxChecksum.Flag : 0,
            },
            checksums ? sums.Item2 | LtxChecksum.Flag : 0,
            pages.DistinctBy(p => p.Item1).OrderBy(p => p.Item1).ToArray());

    [Fact]
    public void What_is_encoded_is_read_from_memory_and_from_a_stream() => s_changes.Sample(change =>
    {
        var file = LtxSamples.Encode(change.Header, change.Post, change.Pages);
        foreach (var reader in (LtxReader[])[new("a", file), new("a", new DribblingStream(file))])
        {
            Assert.Equal(change.Header, reader.Header);
            LtxSamples.AssertSame(change.Pages, LtxSamples.ReadAll(reader));
            Assert.Equal(change.Post, reader.Trailer.PostApplyChecksum);
        }
    });

    [Fact]
    public void The_writer_and_the_encoder_make_the_same_file_and_stored_pages_read_alike() => s_changes.Sample(change =>
    {
        foreach (var compression in Enum.GetValues<LtxCompression>())
        {
            var stream = new MemoryStream();
            var writer = new LtxWriter(stream, change.Header, compression);
            var encoder = new LtxEncoder(compression);
            var output = new ArrayBufferWriter<byte>();
            encoder.Begin(output, change.Header);
            foreach (var (number, content) in change.Pages)
            {
                writer.WritePage(number, content);
                encoder.AddPage(number, content);
            }

            Assert.Equal(encoder.End(change.Post), writer.End(change.Post));
            Assert.Equal(output.WrittenSpan, stream.ToArray());
            Assert.Equal(stream.Length, writer.Length);
            Assert.True(stream.Length <= LtxEncoder.MaxFileSize(LtxSamples.PageSize, change.Pages.Length));
            LtxSamples.AssertSame(change.Pages, LtxSamples.ReadAll(stream.ToArray()));
        }
    });

    [Fact]
    public void Single_pages_are_read_through_the_index() => s_changes.Sample(change =>
    {
        var file = new LtxPageFile("a", LtxSamples.Encode(change.Header, change.Post, change.Pages));
        Assert.Equal(change.Pages.Select(p => p.Item1), file.Index.Pages.ToArray());
        var content = new byte[LtxSamples.PageSize];
        foreach (var (number, expected) in change.Pages.Reverse())
        {
            Assert.True(file.TryRead(number, content));
            Assert.Equal(expected, content);
        }

        var absent = Enumerable.Range(1, 5000).Select(n => (uint)n).First(n => change.Pages.All(p => p.Item1 != n));
        Assert.False(file.TryRead(absent, content));
    });

    [Fact]
    public void An_encoder_is_good_for_one_file_after_another_even_after_one_was_given_up()
    {
        var encoder = new LtxEncoder();
        var header = new LtxHeader { PageSize = LtxSamples.PageSize, Commit = 1, MinTxid = 1, MaxTxid = 1 };
        encoder.Begin(new ArrayBufferWriter<byte>(), header with { Commit = 2 });
        encoder.AddPage(1, LtxSamples.Filled(9));
        for (byte i = 0; i < 3; i++)
        {
            var page = LtxSamples.Filled(i);
            var output = new ArrayBufferWriter<byte>();
            encoder.Encode(output, header, [new LtxPage(1, page)], LtxChecksum.Toggle(LtxChecksum.Empty, LtxChecksum.OfPage(1, page)));
            Assert.Equal(page, Assert.Single(LtxSamples.ReadAll(output.WrittenSpan.ToArray())).Content);
        }
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void Pages_of_every_size_round_trip_though_they_do_not_compress(int pageSize)
    {
        var page = new byte[pageSize];
        new Random(1).NextBytes(page);
        var stream = new MemoryStream();
        var writer = new LtxWriter(stream, new LtxHeader { PageSize = pageSize, Commit = 3, MinTxid = 1, MaxTxid = 2 });
        var checksum = LtxChecksum.Empty;
        for (uint number = 1; number <= 3; number++)
        {
            writer.WritePage(number, page);
            checksum = LtxChecksum.Toggle(checksum, LtxChecksum.OfPage(number, page));
        }

        writer.End(checksum);
        stream.Position = 0;
        Assert.All(LtxSamples.ReadAll(new LtxReader("a", stream)), p => Assert.Equal(page, p.Content));
    }

    [Fact]
    public void An_empty_database_has_the_empty_checksum()
    {
        var header = new LtxHeader { PageSize = LtxSamples.PageSize, Commit = 0, MinTxid = 1, MaxTxid = 1 };
        Assert.Empty(LtxSamples.ReadAll(LtxSamples.Encode(header, LtxChecksum.Empty)));
        Assert.Throws<ArgumentException>(() => LtxSamples.Encode(header, LtxChecksum.Empty | 1));
    }

    [Theory]
    [InlineData(2u, 1, "ascend")]
    [InlineData(0u, 1, "from 1")]
    [InlineData(10u, 1, "ends at page 9")]
    [InlineData(3u, 0, "2 is next")]
    public void A_page_out_of_place_is_refused(uint page, int minTxidLess1, string named)
    {
        var encoder = new LtxEncoder();
        var min = (ulong)minTxidLess1 + 1;
        encoder.Begin(new ArrayBufferWriter<byte>(), new LtxHeader { PageSize = LtxSamples.PageSize, Commit = 9, MinTxid = min, MaxTxid = min, PreApplyChecksum = min == 1 ? 0 : LtxChecksum.Flag });
        encoder.AddPage(1, LtxSamples.Filled(1));
        if (min > 1)
        {
            encoder.AddPage(2, LtxSamples.Filled(1));
        }

        var error = Assert.Throws<ArgumentException>(() => encoder.AddPage(page, LtxSamples.Filled(1)));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_that_lacks_pages_or_does_not_add_up_is_not_written()
    {
        var header = new LtxHeader { PageSize = LtxSamples.PageSize, Commit = 2, MinTxid = 1, MaxTxid = 1 };
        Assert.Throws<ArgumentException>(() => LtxSamples.Encode(header, LtxChecksum.Flag | 1, (1, LtxSamples.Filled(1))));

        var writer = new LtxWriter(new MemoryStream(), header);
        writer.WritePage(1, LtxSamples.Filled(1));
        writer.WritePage(2, LtxSamples.Filled(1));
        Assert.Throws<StorageException>(() => writer.End(LtxChecksum.Flag | 1));
    }
}
