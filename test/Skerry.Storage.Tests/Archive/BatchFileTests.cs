using System.IO.Hashing;
using CsCheck;
using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Tests.Ltx;

namespace Skerry.Storage.Tests.Archive;

public sealed class BatchFileTests
{
    private const string File = "bundles/00000000000000000000000000000001/0000000000000001-0000000000000003";

    [Fact]
    public void The_format_is_what_it_was()
    {
        // Two objects, three transactions. Each part is written out here by hand; the hash then holds all bytes as they are.
        var file = BatchFile.Write([Record("b", 2, txid: 7, sequence: 2), Record("a", 1, txid: 3, sequence: 3), Record("b", 2, txid: 6, sequence: 1)]);
        var ltx = Ltx(3).Length;
        Assert.Equal("LTX1"u8.ToArray(), file[..4]);
        Assert.Equal(Ltx(3), file[..ltx]);
        Assert.Equal(Ltx(6), file[ltx..(2 * ltx)]);
        Assert.Equal(Ltx(7), file[(2 * ltx)..(3 * ltx)]);
        var index = file.AsSpan(3 * ltx, (1 + 1 + 32 + 4 + 64) + (1 + 1 + 32 + 4 + 128));
        Assert.Equal([1, (byte)'a', 1, 2], index[..4].ToArray());
        Assert.Equal([1, 0, 0, 0], index.Slice(34, 4).ToArray());
        Assert.Equal([9, 0, 0, 0, 0, 0, 0, 0, 3], index.Slice(38, 9).ToArray());
        var footer = file.AsSpan(file.Length - 48);
        Assert.Equal(BitConverter.GetBytes(3L * ltx), footer[..8].ToArray());
        Assert.Equal(BitConverter.GetBytes(index.Length), footer.Slice(8, 4).ToArray());
        Assert.Equal([3, 0, 0, 0], footer.Slice(12, 4).ToArray());
        Assert.Equal(BitConverter.GetBytes(XxHash3.HashToUInt64(index)), footer.Slice(16, 8).ToArray());
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0], footer.Slice(24, 8).ToArray());
        Assert.Equal(BitConverter.GetBytes(XxHash3.HashToUInt64(footer[..32])), footer.Slice(32, 8).ToArray());
        Assert.Equal("SKRYBTCH"u8.ToArray(), footer[40..].ToArray());
        Assert.Equal("5d97d70c8f7cc40d", Convert.ToHexStringLower(XxHash3.Hash(file)));
    }

    [Fact]
    public async Task A_file_says_what_is_in_it()
    {
        var records = Records(50);
        var bucket = new MemoryBucket { [File] = BatchFile.Write(records) };
        var index = (await BatchFile.ReadIndexAsync(bucket, File, CancellationToken.None))!;
        Assert.Equal(bucket[File].Length, index.FileBytes);
        Assert.Equal(records.Length, index.Entries.Count);
        foreach (var entry in index.Entries)
        {
            var record = records.Single(r => r.Sequence == entry.Sequence);
            Assert.Equal((record.Key, record.Epoch, record.Txid, record.AlarmMs, record.TimestampMs), (entry.Key, entry.Epoch, entry.Txid, entry.AlarmMs, entry.TimestampMs));
            Assert.True(bucket[File].AsSpan((int)entry.Offset, entry.Length).SequenceEqual(record.Ltx.Span));
            var header = LtxHeader.Parse("", record.Ltx.Span);
            Assert.Equal((header.Commit, header.PreApplyChecksum, LtxChecksum.Flag | 6), (entry.PageCount, entry.PreApplyChecksum, entry.PostApplyChecksum));
        }

        // One object's transactions are neighbours.
        Assert.Equal(index.Entries.Select(static e => e.Key).Distinct().Count(), index.Entries.Zip(index.Entries.Skip(1)).Count(static p => p.First.Key != p.Second.Key) + 1);
    }

    [Fact]
    public async Task A_small_index_takes_one_request_and_a_large_one_takes_two()
    {
        foreach (var (count, requests) in new[] { (0, 1), (1, 1), (400, 1), (3_000, 2) })
        {
            var bucket = new MemoryBucket { [File] = BatchFile.Write(Records(count)) };
            Assert.Equal(count, (await BatchFile.ReadIndexAsync(bucket, File, CancellationToken.None))!.Entries.Count);
            Assert.Equal(requests, bucket.Operations.Count);
            Assert.Equal(count, BatchFile.ReadIndex(File, bucket[File]).Entries.Count);
        }
    }

    [Fact]
    public async Task A_file_that_is_not_there_has_no_index() =>
        Assert.Null(await BatchFile.ReadIndexAsync(new MemoryBucket(), File, CancellationToken.None));

    [Fact]
    public void A_file_after_4_GiB_of_records_knows_where_they_are()
    {
        // The records share their memory; nothing but the index is ever written out.
        var ltx = new byte[64 << 20];
        Ltx(5).AsSpan(0, LtxHeader.Size).CopyTo(ltx);
        var one = new ArchivedRecord(ModelObject.NewKey(1), 9, 5, 0, 0, 0, ltx);
        using var content = BatchFile.Open([.. Enumerable.Range(1, 70).Select(i => one with { Sequence = (ulong)i })]);
        Assert.Equal(70L * ltx.Length, content.Length - 48 - (1 + 5 + 32 + 4 + (70 * 64)));
        content.Position = 69L * ltx.Length;
        var tail = new byte[content.Length - content.Position];
        content.ReadExactly(tail);
        var footer = BatchFooter.Parse(File, tail, content.Length);
        var entries = BatchIndexCodec.Parse(File, tail.AsSpan(ltx.Length, footer.IndexBytes), footer);
        Assert.Equal(69L * ltx.Length, entries[^1].Offset);
        Assert.Equal(Ltx(5)[..LtxHeader.Size], tail[..LtxHeader.Size]);
    }

    [Fact]
    public void A_record_of_several_transactions_is_refused()
    {
        var files = new DatabaseHistory([(3, []), (3, [(1, 1)])]).Files;
        var output = new MemoryStream();
        LtxCompactor.Compact([new("a", files[0]), new("b", files[1])], output);
        Assert.Throws<ArgumentException>(() => BatchFile.Write([new ArchivedRecord(ModelObject.NewKey(1), 1, 2, 1, 0, 0, output.ToArray())]));
        Assert.Throws<ArgumentException>(() => BatchFile.Write([new ArchivedRecord(ModelObject.NewKey(1), 1, 3, 1, 0, 0, files[1])]));
    }

    [Fact]
    public async Task A_file_cut_off_anywhere_is_refused()
    {
        var file = BatchFile.Write(Records(6));
        for (var length = 0; length < file.Length; length++)
        {
            Assert.NotNull(await ReadAsync(file[..length]));
            Assert.NotNull(await ReadAsync(file[..length], file.Length));
        }
    }

    [Fact]
    public async Task No_flipped_bit_of_index_or_footer_goes_unnoticed()
    {
        var file = BatchFile.Write(Records(4));
        var tail = BatchFooter.Parse(File, file, file.Length).IndexOffset;
        for (var bit = tail * 8; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (int)(bit % 8));
            Assert.NotNull(await ReadAsync(file));
            file[bit / 8] ^= (byte)(1 << (int)(bit % 8));
        }

        Assert.Null(await ReadAsync(file));
    }

    [Fact]
    public Task Arbitrary_bytes_are_refused_without_another_error() =>
        Gen.Byte.Array[0, 300].SampleAsync(async bytes => Assert.NotNull(await ReadAsync(bytes)), iter: 2_000);

    // Checksums stop accidents, not somebody who writes what he likes and signs it.
    [Fact]
    public async Task An_index_with_a_true_checksum_is_still_not_believed()
    {
        var file = BatchFile.Write(Records(5));
        var footer = BatchFooter.Parse(File, file, file.Length);
        await Gen.Select(Gen.Int[0, footer.IndexBytes - 1], Gen.Byte.Array[1, 40], Gen.Int[0, 40], Gen.Int[-70, 70]).SampleAsync(
            async (at, bytes, cut, entries) =>
            {
                var index = file.AsSpan((int)footer.IndexOffset, footer.IndexBytes - (entries % 2 == 0 ? 0 : cut)).ToArray();
                bytes.AsSpan(0, Math.Min(bytes.Length, Math.Max(0, index.Length - at))).CopyTo(index.AsSpan(Math.Min(at, index.Length)));
                var forged = new BatchFooter(footer.IndexOffset, index.Length, footer.Entries + (entries / 10), XxHash3.HashToUInt64(index));
                var end = new byte[BatchFooter.Size];
                forged.Write(end);
                byte[] whole = [.. file[..(int)footer.IndexOffset], .. index, .. end];
                if (await ReadAsync(whole) is null)
                {
                    var read = BatchFile.ReadIndex(File, whole);
                    Assert.All(read.Entries, e => Assert.True(e.Offset >= 0 && e.Offset + e.Length <= footer.IndexOffset));
                }
            },
            iter: 2_000);
    }

    [Fact]
    public async Task A_claim_of_gigabytes_costs_no_memory()
    {
        var end = new byte[BatchFooter.Size];
        foreach (var claim in new[] { new BatchFooter(long.MaxValue / 2, int.MaxValue, int.MaxValue, 0), new BatchFooter(0, int.MaxValue, int.MaxValue, 0), new BatchFooter(0, 0, int.MaxValue, XxHash3.HashToUInt64([])) })
        {
            claim.Write(end);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Assert.NotNull(await ReadAsync([.. new byte[70_000], .. end]));
            Assert.NotNull(await ReadAsync(end));
            Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 20_000_000);
        }
    }

    [Fact]
    public async Task A_newer_format_is_refused_by_its_number()
    {
        var file = BatchFile.Write(Records(1));
        file[^24] = 2;
        XxHash3.Hash(file.AsSpan(file.Length - 48, 32));
        BitConverter.TryWriteBytes(file.AsSpan(file.Length - 16), XxHash3.HashToUInt64(file.AsSpan(file.Length - 48, 32)));
        var error = await Assert.ThrowsAsync<StorageException>(() => BatchFile.ReadIndexAsync(new MemoryBucket { [File] = file }, File, CancellationToken.None));
        Assert.Contains("format 2", error.Message, StringComparison.Ordinal);
    }

    private static async Task<StorageDamagedException?> ReadAsync(byte[] file, long? listed = null)
    {
        try
        {
            await BatchFile.ReadIndexAsync(new MemoryBucket { [File] = file }, File, listed, CancellationToken.None);
            return null;
        }
        catch (StorageDamagedException e)
        {
            Assert.Equal(File, e.Path);
            Assert.True(e.Offset >= 0);
            return e;
        }
    }

    private static ArchivedRecord[] Records(int count) =>
        [.. Enumerable.Range(1, count).Select(i => Record($"space-{i % 3}", i % 7, txid: (ulong)i + 1, sequence: (ulong)i))];

    private static ArchivedRecord Record(string name, int number, ulong txid, ulong sequence) =>
        new(new ObjectKey(name, new Id256([.. Enumerable.Range(number, 32).Select(static i => (byte)i)])), 9, txid, sequence, 1000 + (long)txid, 2000 + (long)txid, Ltx(txid));

    private static byte[] Ltx(ulong txid) => LtxSamples.Encode(
        new LtxHeader { PageSize = LtxSamples.PageSize, Commit = 4, MinTxid = txid, MaxTxid = txid, TimestampMs = 1000, PreApplyChecksum = LtxChecksum.Flag | 5 },
        LtxChecksum.Flag | 6,
        (2, LtxSamples.Filled(1, 2, 3, 4)));
}
