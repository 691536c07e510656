using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

/// <summary>Pages in memory. Notes which were written and cut, and fails where it is told to.</summary>
internal sealed class MemoryPageFile : IPageFile
{
    private readonly List<byte[]> _pages = [];

    public uint PageCount => (uint)_pages.Count;

    /// <summary>Numbers of the pages written since it was last cleared, in the order of the writes.</summary>
    public List<uint> Written { get; } = [];

    public int Truncations { get; private set; }

    /// <summary>Thrown by reads while it is set.</summary>
    public Exception? ReadError { get; set; }

    /// <summary>Thrown by writes, and cuts, while it is set and <see cref="WritesAllowed"/> are used up.</summary>
    public Exception? WriteError { get; set; }

    public int WritesAllowed { get; set; }

    public void Read(uint page, int offset, Span<byte> buffer)
    {
        if (ReadError is not null)
        {
            throw ReadError;
        }

        _pages[(int)page - 1].AsSpan(offset, buffer.Length).CopyTo(buffer);
    }

    public void Write(uint page, ReadOnlySpan<byte> content)
    {
        if (WriteError is not null && WritesAllowed-- <= 0)
        {
            throw WriteError;
        }

        Written.Add(page);
        while (_pages.Count < page)
        {
            _pages.Add(new byte[IPageFile.PageSize]);
        }

        content.CopyTo(_pages[(int)page - 1]);
    }

    public void Truncate(uint pages)
    {
        Truncations++;
        _pages.RemoveRange((int)pages, _pages.Count - (int)pages);
    }

    /// <summary>The whole file, to compare with.</summary>
    public byte[] Content() => [.. _pages.SelectMany(static p => p)];
}
