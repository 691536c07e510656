using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;

namespace Skerry.Storage.Tests.Archive;

/// <summary>Keeps the pages it is given.</summary>
internal sealed class MemorySink : IPageSink
{
    public PageState State { get; private set; }

    public Dictionary<uint, byte[]> Pages { get; } = [];

    public void Begin(in PageState state)
    {
        State = state;
        Pages.Clear();
    }

    public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum)
    {
        Assert.Equal(LtxChecksum.OfPage(page, content), checksum);
        Pages.Add(page, content.ToArray());
    }
}
