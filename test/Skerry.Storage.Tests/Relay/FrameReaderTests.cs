using CsCheck;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay;

public sealed class FrameReaderTests
{
    [Fact]
    public void A_frame_yields_the_records_that_were_put_in()
    {
        var frame = new FrameMaker(1).Next(7, 33);
        var records = FrameReader.Read(frame).ToList();
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], records.Select(record => (int)record.Sequence));
        Assert.All(records, record => Assert.Equal(33, record.Ltx.Length));
        Assert.Equal(1_003, records[2].TimestampMs);
        Assert.Equal(3ul, records[2].Txid);
        FrameReader.Verify(frame);
    }

    [Fact]
    public void Whatever_a_frame_holds_it_is_whole_or_refused() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 60], Gen.Int[0, 6], Gen.Int[0, 100_000], Gen.Byte[1, 255])
            .Sample(
                (records, bytes, kind, at, mask) =>
                {
                    var good = new FrameMaker(1).Next(records, bytes);
                    var body = good.Body.ToArray();
                    var bad = kind switch
                    {
                        0 or 1 => good with { Body = Flip(body, at % body.Length, mask) },
                        2 => good with { Body = body[..(at % body.Length)] },
                        3 => good with { Body = (byte[])[.. body, .. new byte[1 + (at % 300)]] },
                        4 => good with { Salt = good.Salt + mask },
                        5 => good with { Offset = good.Offset + (uint)(8 * mask) },
                        _ => good with { First = good.First + (ulong)(at % 3) - 1, Last = good.Last + (ulong)(mask % 3) - 1 },
                    };
                    if (bad == good)
                    {
                        return;
                    }

                    // Only the zeros after a payload are not covered by a checksum, and nobody reads them.
                    var changed = Outcome(bad);
                    Assert.True(changed is null || (kind < 2 && changed == Outcome(good)));
                    Assert.Equal(changed is null, Record.Exception(() => FrameReader.Verify(bad)) is StorageDamagedException);
                },
                iter: 20_000);

    [Fact]
    public void Noise_is_refused() =>
        Gen.Select(Gen.Byte.Array[0, 400], Gen.ULong, Gen.UInt, Gen.ULong, Gen.ULong)
            .Sample((body, salt, offset, first, last) => Assert.Null(Outcome(new Frame(first, last, salt, 1, offset, body))), iter: 5_000);

    private static byte[] Flip(byte[] body, int at, byte mask)
    {
        body[at] ^= mask;
        return body;
    }

    private static string? Outcome(Frame frame)
    {
        try
        {
            return string.Join(',', FrameReader.Read(frame).Select(record => $"{record.Key} {record.Epoch} {record.Txid} {record.Sequence} {record.AlarmMs} {record.TimestampMs} {Convert.ToHexString(record.Ltx.Span)}"));
        }
        catch (StorageDamagedException)
        {
            return null;
        }
    }
}
