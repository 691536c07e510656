using System.Buffers.Binary;
using System.IO.Hashing;
using CsCheck;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxChecksumTests
{
    [Fact]
    public void Crc_is_crc64_iso_as_Go_computes_it()
    {
        // The check value of CRC-64/GO-ISO in the catalogue of parametrised CRC algorithms.
        Assert.Equal(0xb90956c775a41001UL, Crc64.HashToUInt64(LtxChecksum.Iso, "123456789"u8));
    }

    [Fact]
    public void Vectorised_crc_agrees_with_the_definition_at_every_length_and_split() =>
        Gen.Select(Gen.Byte.Array[0, 700], Gen.Int[0, 700]).Sample((bytes, split) =>
        {
            var crc = new Crc64(LtxChecksum.Iso);
            crc.Append(bytes.AsSpan(0, Math.Min(split, bytes.Length)));
            crc.Append(bytes.AsSpan(Math.Min(split, bytes.Length)));
            Assert.Equal(BitByBit(bytes), crc.GetCurrentHashAsUInt64());
        });

    [Fact]
    public void A_page_is_hashed_after_its_big_endian_number()
    {
        var page = LtxSamples.Filled(7, 1, 2, 3);
        var bytes = new byte[4 + page.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x01020304);
        page.CopyTo(bytes, 4);
        Assert.Equal(LtxChecksum.Flag | BitByBit(bytes), LtxChecksum.OfPage(0x01020304, page));
    }

    [Fact]
    public void Toggling_twice_changes_nothing_and_order_does_not_matter() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong).Sample((database, a, b) =>
        {
            database |= LtxChecksum.Flag;
            Assert.Equal(database, LtxChecksum.Toggle(LtxChecksum.Toggle(database, a), a));
            Assert.Equal(
                LtxChecksum.Toggle(LtxChecksum.Toggle(database, a), b),
                LtxChecksum.Toggle(LtxChecksum.Toggle(database, b), a));
        });

    private static ulong BitByBit(ReadOnlySpan<byte> bytes)
    {
        var crc = ulong.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xD800000000000000);
            }
        }

        return ~crc;
    }
}
