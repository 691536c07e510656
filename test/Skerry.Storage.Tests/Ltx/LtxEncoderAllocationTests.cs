using System.Buffers;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

public class LtxEncoderAllocationTests
{
    [Theory]
    [InlineData(LtxCompression.Fast)]
    [InlineData(LtxCompression.Stored)]
    public void Encoding_a_commit_allocates_nothing_once_buffers_have_grown(LtxCompression compression)
    {
        var pages = Enumerable.Range(1, 4).Select(i => new LtxPage((uint)i * 10, new byte[4096])).ToArray();
        var header = new LtxHeader { PageSize = 4096, Commit = 100, MinTxid = 2, MaxTxid = 2, PreApplyChecksum = LtxChecksum.Flag };
        var output = new ArrayBufferWriter<byte>((int)LtxEncoder.MaxFileSize(4096, pages.Length));
        var encoder = new LtxEncoder(compression);
        for (var i = 0; i < 3; i++)
        {
            output.ResetWrittenCount();
            encoder.Encode(output, header, pages, LtxChecksum.Flag);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            output.ResetWrittenCount();
            encoder.Encode(output, header, pages, LtxChecksum.Flag);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
