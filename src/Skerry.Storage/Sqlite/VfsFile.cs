namespace Skerry.Storage.Sqlite;

/// <summary>An open database file: SQLite's byte offsets on one side, pages on the other.</summary>
internal sealed class VfsFile(IPageFile pages)
{
    public IPageFile Pages { get; } = pages;

    /// <summary>The newest exception that a call answered with an error code; taken by whoever reports that code.</summary>
    public Exception? Error { get; set; }

    /// <summary>False if the file ends before the buffer is full; the rest is then zeros.</summary>
    public bool Read(Span<byte> buffer, long offset)
    {
        var size = (long)Pages.PageCount * IPageFile.PageSize;
        if (offset >= size)
        {
            buffer.Clear();
            return false;
        }

        var whole = offset + buffer.Length <= size;
        if (!whole)
        {
            buffer[(int)(size - offset)..].Clear();
            buffer = buffer[..(int)(size - offset)];
        }

        while (buffer.Length > 0)
        {
            var within = (int)(offset % IPageFile.PageSize);
            var count = Math.Min(buffer.Length, IPageFile.PageSize - within);
            Pages.Read((uint)(offset / IPageFile.PageSize) + 1, within, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }

        return whole;
    }

    public void Write(ReadOnlySpan<byte> content, long offset)
    {
        if (offset % IPageFile.PageSize != 0 || content.Length != IPageFile.PageSize)
        {
            throw new StorageException($"SQLite wrote {content.Length} bytes at {offset}, which is not one page of {IPageFile.PageSize}.");
        }

        Pages.Write((uint)(offset / IPageFile.PageSize) + 1, content);
    }

    public int Failed(Exception error)
    {
        Error = error;
        return error switch
        {
            StorageDamagedException => SqliteNative.Corrupt,
            _ => SqliteNative.IoErr,
        };
    }
}
