using CsCheck;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxCompactorTests
{
    private static readonly Gen<(uint Commit, (uint Page, byte Fill)[] Writes)> s_transaction =
        Gen.Select(Gen.UInt[0, 12], Gen.Select(Gen.UInt[1, 12], Gen.Byte).Array[0, 8]);

    [Fact]
    public void A_merged_file_has_the_effect_of_its_parts() =>
        Gen.Select(s_transaction.Array[1, 8], Gen.Int[0, 7], Gen.Int[0, 7]).Sample((transactions, a, b) =>
        {
            var (from, to) = (Math.Min(a, b) % transactions.Length, Math.Max(a, b) % transactions.Length);
            (from, to) = (Math.Min(from, to), Math.Max(from, to));
            var history = new DatabaseHistory(transactions);
            var merged = Compact(history.Files[from..(to + 1)]);

            var reader = new LtxReader("merged", merged);
            var database = new Dictionary<uint, byte[]>(history.States[from]);
            foreach (var (page, content) in LtxSamples.ReadAll(reader))
            {
                database[page] = content;
            }

            foreach (var page in database.Keys.Where(page => page > reader.Header.Commit).ToList())
            {
                database.Remove(page);
            }

            Assert.Equal(history.States[to + 1].OrderBy(p => p.Key), database.OrderBy(p => p.Key));
            Assert.Equal(((ulong)from + 1, (ulong)to + 1), (reader.Header.MinTxid, reader.Header.MaxTxid));
            Assert.Equal(history.Checksums[to + 1], reader.Trailer.PostApplyChecksum);
            Assert.Equal(from == 0 ? 0 : history.Checksums[from], reader.Header.PreApplyChecksum);
        });

    [Fact]
    public void Merging_in_steps_gives_the_same_file_as_merging_at_once() =>
        s_transaction.Array[3, 6].Sample(transactions =>
        {
            var files = new DatabaseHistory(transactions).Files;
            Assert.Equal(Compact(files), Compact([Compact(files[..2]), .. files[2..]]));
        });

    [Fact]
    public void Files_that_are_not_consecutive_are_refused_by_name()
    {
        var files = new DatabaseHistory([(3, []), (3, [(1, 1)]), (3, [(2, 2)])]).Files;
        foreach (var wrong in (byte[][][])[[files[0], files[2]], [files[1], files[0]], [files[0], files[0]]])
        {
            var error = Assert.Throws<StorageException>(() => Compact(wrong));
            Assert.Contains("0.ltx and 1.ltx cannot be merged: transactions", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Consecutive_files_of_different_histories_are_refused()
    {
        var one = new DatabaseHistory([(3, []), (3, [(1, 1)])]);
        var other = new DatabaseHistory([(3, [(3, 7)]), (3, [(1, 1)])]);
        var error = Assert.Throws<StorageException>(() => Compact([one.Files[0], other.Files[1]]));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_lost_by_truncation_does_not_come_back_when_the_database_grows_again()
    {
        var pages = Enumerable.Range(1, 3).Select(i => ((uint)i, LtxSamples.Filled((byte)i))).ToArray();
        LtxHeader Header(ulong txid, uint commit) => new() { PageSize = LtxSamples.PageSize, Commit = commit, MinTxid = txid, MaxTxid = txid, PreApplyChecksum = LtxChecksum.Flag | txid };
        var merged = Compact([
            LtxSamples.Encode(Header(5, 3), LtxChecksum.Flag | 6, pages),
            LtxSamples.Encode(Header(6, 1), LtxChecksum.Flag | 7),
            LtxSamples.Encode(Header(7, 3), LtxChecksum.Flag | 8, (3, LtxSamples.Filled(9)))]);
        Assert.Equal([1u, 3u], LtxSamples.ReadAll(merged).Select(p => p.Number));
    }

    [Fact]
    public void Damage_in_an_input_is_found_and_leaves_no_readable_output()
    {
        var files = new DatabaseHistory([(3, []), (3, [(1, 1)])]).Files;
        files[1][^1] ^= 1;
        var output = new MemoryStream();
        Assert.Throws<StorageDamagedException>(() => LtxCompactor.Compact([new("a", files[0]), new("b", files[1])], output));
        Assert.Throws<StorageDamagedException>(() => new LtxReader("out", output.ToArray()).Verify());
    }

    private static byte[] Compact(byte[][] files)
    {
        var output = new MemoryStream();
        LtxCompactor.Compact([.. files.Select((file, i) => new LtxReader($"{i}.ltx", file))], output);
        return output.ToArray();
    }
}
