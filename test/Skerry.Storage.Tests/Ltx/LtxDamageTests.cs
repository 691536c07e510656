using CsCheck;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxDamageTests
{
    // The checksum covers a page as it is before compression. Another LZ4 block of the same page is therefore not
    // damage: then every page, the header and the trailer are what they were.
    [Fact]
    public void No_flipped_bit_changes_what_is_read_without_being_detected()
    {
        var file = LtxSamples.SmallChange();
        var pages = LtxSamples.ReadAll(file);
        var index = new LtxPageFile("a", file).Index;
        index.TryFind(2, out var first, out var firstSize);
        index.TryFind(9, out var second, out var secondSize);
        for (var bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            var inBlock = (bit / 8 >= first + LtxFrame.HeaderSize && bit / 8 < first + firstSize)
                || (bit / 8 >= second + LtxFrame.HeaderSize && bit / 8 < second + secondSize);
            AssertRefused(file, inBlock ? pages : null);
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        LtxSamples.AssertSame(pages, LtxSamples.ReadAll(file));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused_and_the_error_says_where()
    {
        var file = LtxSamples.SmallChange();
        for (var length = 0; length < file.Length; length++)
        {
            var cut = file[..length];
            var error = AssertRefused(cut)!;
            Assert.Equal("a.ltx", error.Path);
            Assert.InRange(error.Offset, 0, length);
        }
    }

    [Fact]
    public void A_file_with_anything_after_it_is_refused()
    {
        var file = LtxSamples.SmallChange();
        Assert.Equal(file.Length, AssertRefused([.. file, 0])!.Offset);
        Assert.Equal(file.Length, AssertRefused([.. file, .. file])!.Offset);
    }

    [Fact]
    public void Arbitrary_bytes_are_refused_without_another_error() =>
        Gen.Byte.Array[0, 400].Sample(bytes => { AssertRefused(bytes); });

    [Fact]
    public void Arbitrary_bytes_after_a_true_header_are_refused() =>
        Gen.Byte.Array[0, 600].Sample(bytes => { AssertRefused([.. LtxSamples.SmallChange()[..LtxHeader.Size], .. bytes]); });

    [Fact]
    public void Overwritten_ranges_are_refused_or_change_nothing()
    {
        var file = LtxSamples.SmallChange();
        var pages = LtxSamples.ReadAll(file);
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte.Array[1, 64]).Sample((at, bytes) =>
        {
            var damaged = file.ToArray();
            bytes.AsSpan(0, Math.Min(bytes.Length, file.Length - at)).CopyTo(damaged.AsSpan(at));
            AssertRefused(damaged, pages);
        });
    }

    [Fact]
    public void A_claim_of_gigabytes_costs_no_memory()
    {
        var file = LtxSamples.SmallChange();
        file.AsSpan(LtxHeader.Size + LtxFrame.PageHeaderSize, 4).Fill(0xff);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("4294967295 bytes", AssertRefused(file)!.Message, StringComparison.Ordinal);
        file = LtxSamples.SmallChange();
        file.AsSpan(file.Length - LtxTrailer.Size - 8, 8).Fill(0x7f);
        AssertRefused(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void A_snapshot_whose_pages_do_not_have_the_databases_checksum_is_refused()
    {
        var file = LtxSamples.Encode(
            new LtxHeader { PageSize = LtxSamples.PageSize, Commit = 1, MinTxid = 1, MaxTxid = 1 }, LtxChecksum.Flag | 1, (1, LtxSamples.Filled(1)));
        Assert.Contains("8000000000000001", AssertRefused(file)!.Message, StringComparison.Ordinal);
    }

    private static StorageDamagedException? AssertRefused(byte[] file, (uint Number, byte[] Content)[]? unlessSame = null)
    {
        StorageDamagedException? error = null;
        foreach (var open in (Func<LtxReader>[])[() => new("a.ltx", file), () => new("a.ltx", new MemoryStream(file))])
        {
            try
            {
                var read = LtxSamples.ReadAll(open());
                Assert.True(unlessSame is not null, "a damaged file was accepted");
                LtxSamples.AssertSame(unlessSame, read);
            }
            catch (StorageDamagedException e)
            {
                error = e;
            }
        }

        return error;
    }
}
