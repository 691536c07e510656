using System.Buffers;
using CsCheck;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

/// <summary>Files and pages for tests.</summary>
internal static class LtxSamples
{
    public const int PageSize = 512;

    /// <summary>Pages that compress and pages that do not.</summary>
    public static readonly Gen<byte[]> Page = Gen.OneOf(
        Gen.Byte.Array[PageSize],
        Gen.Byte.Select(fill => Filled(fill)),
        Gen.Byte.Array[16].Select(start => Filled(0, start)));

    public static byte[] Filled(byte fill, params byte[] start)
    {
        var page = new byte[PageSize];
        page.AsSpan().Fill(fill);
        start.CopyTo(page, 0);
        return page;
    }

    public static byte[] Encode(in LtxHeader header, ulong postApply, params (uint Number, byte[] Content)[] pages)
    {
        var output = new ArrayBufferWriter<byte>();
        new LtxEncoder().Encode(output, header, [.. pages.Select(p => new LtxPage(p.Number, p.Content))], postApply);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A file of transaction 7 that changes two of nine pages.</summary>
    public static byte[] SmallChange() => Encode(
        new LtxHeader { PageSize = PageSize, Commit = 9, MinTxid = 7, MaxTxid = 7, TimestampMs = 1000, PreApplyChecksum = LtxChecksum.Flag | 5, NodeId = 3 },
        LtxChecksum.Flag | 6,
        (2, Filled(1, 2, 3, 4, 5, 6, 7)),
        (9, [.. Enumerable.Range(0, PageSize).Select(i => (byte)(i * i / 3))]));

    public static void AssertSame((uint Number, byte[] Content)[] expected, (uint Number, byte[] Content)[] actual)
    {
        Assert.Equal(expected.Select(p => p.Number), actual.Select(p => p.Number));
        Assert.Equal(expected.Select(p => p.Content), actual.Select(p => p.Content));
    }

    public static (uint Number, byte[] Content)[] ReadAll(LtxReader reader)
    {
        var pages = new List<(uint, byte[])>();
        var content = new byte[reader.Header.PageSize];
        while (reader.ReadPage(content, out var page))
        {
            pages.Add((page, [.. content]));
        }

        return [.. pages];
    }

    public static (uint Number, byte[] Content)[] ReadAll(byte[] file) => ReadAll(new LtxReader("test.ltx", file));
}
