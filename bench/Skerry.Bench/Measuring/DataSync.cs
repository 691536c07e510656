using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skerry.Bench.Measuring;

/// <summary>One write and one <c>fdatasync</c> alone, in a file that has its length already: the least that durability costs.</summary>
internal sealed partial class DataSync : IDisposable
{
    private const int FileBytes = 4 << 20;

    private readonly SafeFileHandle _file;
    private long _at;

    /// <summary>Makes the file in a folder.</summary>
    public DataSync(string folder)
    {
        _file = File.OpenHandle(Path.Combine(folder, "sync"), FileMode.Create, FileAccess.Write);
        RandomAccess.Write(_file, new byte[FileBytes], 0);
        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Microseconds of one write and its sync.</summary>
    public double Once(ReadOnlySpan<byte> content)
    {
        if (_at + content.Length > FileBytes)
        {
            _at = 0;
        }

        var start = Stopwatch.GetTimestamp();
        RandomAccess.Write(_file, content, _at);
        if (Sync(_file) != 0)
        {
            throw new BenchException("fdatasync failed.");
        }

        _at += content.Length;
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "fdatasync")]
    private static partial int Sync(SafeFileHandle file);
}
