namespace Skerry.Storage.Sqlite;

/// <summary>
/// What the VFS needs of a database file. One implementation keeps pages in a node's page store; another, in memory
/// alone, serves tests of the engine. Calls come from one thread at a time: the thread that runs the connection.
/// </summary>
public interface IPageFile
{
    /// <summary>Bytes in a page; a power of two. Every database here uses 4,096.</summary>
    const int PageSize = 4096;

    /// <summary>Pages in the file as the running transaction sees it; 0 for a database that was never written.</summary>
    uint PageCount { get; }

    /// <summary>Copies <paramref name="buffer"/>.Length bytes of page <paramref name="page"/> (from 1), from byte <paramref name="offset"/> within it.</summary>
    /// <exception cref="StorageException">The page cannot be read, or does not match its checksum.</exception>
    void Read(uint page, int offset, Span<byte> buffer);

    /// <summary>Replaces one whole page in the running transaction; extends the file if needed.</summary>
    void Write(uint page, ReadOnlySpan<byte> content);

    /// <summary>Cuts the file to <paramref name="pages"/> pages in the running transaction.</summary>
    void Truncate(uint pages);
}
