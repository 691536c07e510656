using System.IO.Pipelines;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxLargeFileTests
{
    // A database of 4.2 GiB, stored without compression, goes through a pipe: it passes both the lock page at 1 GiB
    // and the offset 2^32.
    [Fact]
    public async Task A_snapshot_over_4_GiB_round_trips_and_skips_the_lock_page()
    {
        var header = new LtxHeader { PageSize = 4096, Commit = 1_100_000, MinTxid = 1, MaxTxid = 9 };
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
        var writing = Task.Run(() =>
        {
            using var stream = pipe.Writer.AsStream();
            return Write(stream, header);
        });
        var reading = Task.Run(() =>
        {
            using var stream = pipe.Reader.AsStream();
            return Read(stream);
        });
        var length = await writing;
        Assert.InRange(length, 1L << 32, long.MaxValue);
        Assert.Equal(1_099_999, await reading);
    }

    [Fact]
    public void The_lock_page_is_never_in_a_file()
    {
        var header = new LtxHeader { PageSize = 65536, Commit = 20_000, MinTxid = 2, MaxTxid = 2, PreApplyChecksum = LtxChecksum.Flag };
        var writer = new LtxWriter(new MemoryStream(), header);
        writer.WritePage(16384, new byte[65536]);
        var error = Assert.Throws<ArgumentException>(() => writer.WritePage(16385, new byte[65536]));
        Assert.Contains("lock page", error.Message, StringComparison.Ordinal);
        writer.WritePage(16386, new byte[65536]);
    }

    [Theory]
    [InlineData(16384u, 16384)]
    [InlineData(16385u, 16384)]
    [InlineData(16386u, 16385)]
    public void A_snapshot_that_ends_about_the_lock_page_is_complete_without_it(uint commit, int pages)
    {
        var stream = new MemoryStream();
        var writer = new LtxWriter(stream, new LtxHeader { PageSize = 65536, Commit = commit, MinTxid = 1, MaxTxid = 1 });
        var checksum = LtxChecksum.Empty;
        var page = new byte[65536];
        for (uint number = 1; number <= commit; number++)
        {
            if (number != 16385)
            {
                writer.WritePage(number, page);
                checksum = LtxChecksum.Toggle(checksum, LtxChecksum.OfPage(number, page));
            }
        }

        writer.End(checksum);
        stream.Position = 0;
        var reader = new LtxReader("a", stream);
        var count = 0;
        while (reader.ReadPage(page, out _))
        {
            count++;
        }

        Assert.Equal(pages, count);
    }

    private static long Write(Stream stream, LtxHeader header)
    {
        var writer = new LtxWriter(stream, header, LtxCompression.Stored);
        var page = new byte[4096];
        var checksum = LtxChecksum.Empty;
        for (uint number = 1; number <= header.Commit; number++)
        {
            if (number != 262145)
            {
                BitConverter.TryWriteBytes(page, number);
                checksum = LtxChecksum.Toggle(checksum, LtxChecksum.OfPage(number, page));
                writer.WritePage(number, page);
            }
        }

        writer.End(checksum);
        return writer.Length;
    }

    private static int Read(Stream stream)
    {
        var reader = new LtxReader("a", stream);
        var page = new byte[4096];
        var count = 0;
        for (; reader.ReadPage(page, out var number); count++)
        {
            Assert.Equal(number, BitConverter.ToUInt32(page));
        }

        return count;
    }
}
