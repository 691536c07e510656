using System.Buffers.Binary;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

/// <summary>
/// Files whose checksums the Go implementation's own golden test states. Its compressor makes blocks of 31 bytes of
/// these pages, and the checksum covers the blocks' length but not their bytes, so blocks of that length made by
/// hand give the same file checksum if, and only if, everything else is the same byte for byte.
/// </summary>
public class LtxGoldenTests
{
    [Fact]
    public void A_sparse_change_that_Go_wrote_is_read() => AssertReads(
        0xe27f4c18f0da2c10,
        new LtxHeader { PageSize = 512, Commit = 16, MinTxid = 2, MaxTxid = 3, TimestampMs = 1000, PreApplyChecksum = LtxChecksum.Flag | 1 },
        LtxChecksum.Flag | 2,
        [2, 5, 9, 16]);

    // The golden snapshot ends with a checksum that its pages do not have, which only a reader minds.
    [Fact]
    public void A_snapshot_that_Go_wrote_is_read_up_to_its_wrong_database_checksum()
    {
        var header = new LtxHeader { PageSize = 512, Commit = 6, MinTxid = 1, MaxTxid = 4, TimestampMs = 1000 };
        var error = Assert.Throws<StorageDamagedException>(() =>
            AssertReads(0xd926967672f7ca53, header, LtxChecksum.Flag | 3, [1, 2, 3, 4, 5, 6]));
        Assert.Contains("but the database's is 8000000000000003", error.Message, StringComparison.Ordinal);
    }

    private static void AssertReads(ulong fileChecksum, LtxHeader header, ulong postApply, uint[] pages)
    {
        var read = LtxSamples.ReadAll(File(header, pages, new LtxTrailer(postApply, fileChecksum)));
        Assert.Equal(pages, read.Select(p => p.Number));
        Assert.All(read, p => Assert.Equal(Page(p.Number), p.Content));
    }

    private static byte[] Page(uint seed) => [.. Enumerable.Range(0, 512).Select(i => (byte)(seed + (i % 7)))];

    private static byte[] File(LtxHeader header, uint[] pages, LtxTrailer trailer)
    {
        var file = new byte[LtxHeader.Size].ToList();
        header.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(file));
        var index = new List<byte>();
        foreach (var page in pages)
        {
            AddNumber(index, page);
            AddNumber(index, file.Count);
            AddNumber(index, 41);
            byte[] frame = [0, 0, 0, (byte)page, 0, 1, 0, 0, 0, 31];

            // 14 literals, a match of 487 bytes 7 bytes back, and 11 literals.
            var content = Page(page);
            file.AddRange([.. frame, 0xef, .. content[..14], 7, 0, 255, 213, 0xb0, .. content[^11..]]);
        }

        index.Add(0);
        file.AddRange(new byte[6]);
        file.AddRange(index);
        var end = new byte[24];
        BinaryPrimitives.WriteInt64BigEndian(end, index.Count);
        trailer.Write(end.AsSpan(8));
        file.AddRange(end);
        return [.. file];
    }

    private static void AddNumber(List<byte> bytes, long value)
    {
        for (; value >= 128; value >>= 7)
        {
            bytes.Add((byte)(value | 128));
        }

        bytes.Add((byte)value);
    }
}
