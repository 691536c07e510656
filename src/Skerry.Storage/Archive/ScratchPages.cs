using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>A database that is put together only to be read once from front to back.</summary>
internal sealed class ScratchPages(string folder) : IPageSink, IDisposable
{
    private Stream? _pages;

    public void Begin(in PageState state)
    {
        var bytes = (long)state.PageCount * IPageFile.PageSize;
        _pages?.Dispose();
        _pages = ScratchStream.Open(folder, bytes);
        _pages.SetLength(bytes);
    }

    public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum)
    {
        _pages!.Position = (long)(page - 1) * IPageFile.PageSize;
        _pages.Write(content);
    }

    /// <summary>Goes to the first page; <see cref="Read"/> then reads them in order.</summary>
    public void Rewind() => _pages!.Position = 0;

    public void Read(Span<byte> content) => _pages!.ReadExactly(content);

    public void Dispose() => _pages?.Dispose();
}
