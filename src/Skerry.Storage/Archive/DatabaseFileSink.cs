using Microsoft.Win32.SafeHandles;
using Skerry.Storage.Log;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>
/// Writes a restored database as a plain SQLite file, under another name until <see cref="Complete"/>: there is never a
/// file that is only half of one.
/// </summary>
internal sealed class DatabaseFileSink : IPageSink, IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly SafeFileHandle _file;
    private bool _complete;

    public DatabaseFileSink(string path)
    {
        _path = Path.GetFullPath(path);
        _temporary = _path + ".tmp";
        _file = Guard(() => File.OpenHandle(_temporary, FileMode.Create, FileAccess.Write, FileShare.None));
    }

    // A page that no transaction wrote, the lock page, is a hole.
    public void Begin(in PageState state)
    {
        var bytes = (long)state.PageCount * IPageFile.PageSize;
        Guard(() => RandomAccess.SetLength(_file, bytes));
    }

    public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum)
    {
        try
        {
            RandomAccess.Write(_file, content, (long)(page - 1) * IPageFile.PageSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Makes the file durable, and gives it its name.</summary>
    public void Complete()
    {
        Guard(() =>
        {
            DiskSync.File(_file, _temporary);
            _file.Dispose();
            File.Move(_temporary, _path, overwrite: true);
            DiskSync.Folder(Path.GetDirectoryName(_path)!);
        });
        _complete = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_complete)
        {
            File.Delete(_temporary);
        }
    }

    private void Guard(Action write) => Guard(() =>
    {
        write();
        return true;
    });

    private T Guard<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    private StorageException Failed(Exception e) => new($"Writing {_path} failed: {e.Message} Choose another place, or free space.", e);
}
