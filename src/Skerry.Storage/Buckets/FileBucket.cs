using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Skerry.Storage.Buckets;

/// <summary>
/// A folder as a bucket: each key is a file of that name with the content as it is. Several processes of one machine
/// may have it open. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A put writes a file in the bucket's own slot, syncs it, and then, under the key's lock, compares and renames; then
/// it syncs the folder. So what is seen is whole, and what has been answered lasts. All that changes a key (puts of
/// every condition, and deletes) holds the key's lock while it looks and renames or removes, so nothing can come
/// between a comparison and its rename; readers need no lock, for a file never changes once it has its name.
/// </para>
/// <para>
/// A version is the hash of the content with the time of the write, which is made to grow with each: the same content
/// written again is another version. A file system that cannot tell times apart leaves the hash, as S3 does.
/// </para>
/// <para>
/// As a name is either a file or a folder, there cannot be both a key <c>a</c> and a key <c>a/b</c>. A file system that
/// does not tell upper from lower case does not tell such keys apart.
/// </para>
/// </remarks>
public sealed class FileBucket : IBucket, IDisposable
{
    private const int CopyBytes = 256 << 10;
    private const int ListPage = 1000;

    private readonly string _root;
    private readonly string _own;
    private readonly FileBucketDisk _disk;
    private readonly FileBucketFolders _folders;
    private readonly FileBucketLocks _locks;
    private readonly FileBucketSlot _slot;
    private readonly FileBucketThreads _threads = new();

    private FileBucket(string root, FileBucketDisk disk)
    {
        _root = root;
        _disk = disk;
        _own = Path.Combine(root, FileBucketListing.Own);
        Directory.CreateDirectory(_own);
        _folders = new FileBucketFolders(root, disk);
        _slot = FileBucketSlot.Take(_own);
        _locks = new FileBucketLocks(_own);
    }

    /// <summary>Opens a folder, making it if it is missing; sweeps what processes that are gone have left half-written.</summary>
    /// <exception cref="BucketException">The folder cannot be used.</exception>
    public static FileBucket Open(string folder) => Open(folder, new FileBucketDisk());

    internal static FileBucket Open(string folder, FileBucketDisk disk)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        try
        {
            return new FileBucket(root, disk);
        }
        catch (Exception e) when (FileBucketFault.IsDisk(e))
        {
            throw FileBucketFault.Of(e, root, "open", "the lock files", begun: false);
        }
    }

    /// <inheritdoc/>
    public string Description => $"folder {_root}";

    /// <inheritdoc/>
    public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => Run(
        "read",
        key,
        () =>
        {
            using var file = OpenOrNull(key);
            if (file is null)
            {
                return (BucketObject?)null;
            }

            var content = ReadRange(file, 0, long.MaxValue);
            return new BucketObject(content, ETag(content.Span, File.GetLastWriteTimeUtc(file)));
        },
        cancel);

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return Run(
            "read",
            key,
            () =>
            {
                using var file = OpenOrNull(key);
                return file is null ? (ReadOnlyMemory<byte>?)null : ReadRange(file, offset, length);
            },
            cancel);
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => Run(
        "read",
        key,
        () => OpenOrNull(key) is { } file ? (Stream?)new FileStream(file, FileAccess.Read, bufferSize: 0) : null,
        cancel);

    /// <inheritdoc/>
    public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        BucketKey.Check(key);
        cancel.ThrowIfCancellationRequested();
        return _threads.RunAsync(() => Put(key, condition, new Content(content, null)));
    }

    /// <inheritdoc/>
    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel)
    {
        BucketKey.Check(key);
        cancel.ThrowIfCancellationRequested();
        return _threads.RunAsync(() => Put(key, PutCondition.None, new Content(default, content)));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        BucketKey.CheckPrefix(prefix);
        using var entries = FileBucketListing.Walk(_root, prefix, after).GetEnumerator();
        var page = new List<BucketEntry>();
        bool more;
        do
        {
            page.Clear();
            more = await Task.Run(
                () =>
                {
                    try
                    {
                        CheckRoot();
                        while (page.Count < ListPage)
                        {
                            if (!entries.MoveNext())
                            {
                                return false;
                            }

                            page.Add(entries.Current);
                        }

                        return true;
                    }
                    catch (Exception e) when (FileBucketFault.IsDisk(e))
                    {
                        throw FileBucketFault.Of(e, _root, "list", prefix, begun: false);
                    }
                },
                cancel);
            foreach (var entry in page)
            {
                cancel.ThrowIfCancellationRequested();
                yield return entry;
            }
        }
        while (more);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        foreach (var key in keys)
        {
            BucketKey.Check(key);
        }

        return _threads.RunAsync(() => Delete(keys, cancel));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _threads.Dispose();
        _locks.Dispose();
        _slot.Dispose();
    }

    private bool Delete(IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        var begun = false;
        var last = "";
        try
        {
            var folders = new HashSet<string>();
            foreach (var key in keys)
            {
                cancel.ThrowIfCancellationRequested();
                last = key;
                var path = FilePath(key);
                if (!File.Exists(path))
                {
                    continue;
                }

                begun = true;
                try
                {
                    using (_locks.Take(key))
                    {
                        File.Delete(path);
                    }
                }
                catch (DirectoryNotFoundException)
                {
                    // Somebody else has deleted it, and its folder.
                }

                folders.Add(Path.GetDirectoryName(path)!);
            }

            foreach (var folder in folders.Select(_folders.Prune).ToHashSet())
            {
                _folders.SyncRemoval(folder);
            }

            return true;
        }
        catch (Exception e) when (FileBucketFault.IsDisk(e))
        {
            throw FileBucketFault.Of(e, _root, "delete", last, begun);
        }
    }

    private PutOutcome Put(string key, PutCondition condition, Content content)
    {
        var begun = false;
        var temporary = _slot.NewFile();
        try
        {
            // 1. A condition that does not hold now needs no write to find out.
            var path = FilePath(key);
            if (!Holds(path, condition))
            {
                return PutOutcome.Conflict;
            }

            // 2. The content, synced, under a name that nobody looks at.
            using var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            content.WriteTo(_disk, file);
            _disk.SyncFile(file, temporary);
            var written = File.GetLastWriteTimeUtc(file);

            // 3. Compare and swap.
            var folder = Path.GetDirectoryName(path)!;
            using (_locks.Take(key))
            {
                if (!Holds(path, condition))
                {
                    File.Delete(temporary);
                    return PutOutcome.Conflict;
                }

                // File.GetLastWriteTimeUtc answers the year 1601 for a file that is not there.
                var present = File.GetLastWriteTimeUtc(path);
                if (written <= present)
                {
                    written = present.AddTicks(1);
                    File.SetLastWriteTimeUtc(file, written);
                }

                begun = true;
                _folders.Rename(temporary, path, folder);
            }

            // 4. The name lasts.
            _folders.Sync(folder);
            return new PutOutcome(true, content.Stream is null ? ETag(content.Bytes.Span, written) : null);
        }
        catch (Exception e)
        {
            // A rename that failed has left the file where it was.
            begun = begun && !File.Exists(temporary);
            if (!begun)
            {
                TryDelete(temporary);
            }

            if (FileBucketFault.IsDisk(e))
            {
                throw FileBucketFault.OfClash(e, _root, key) ?? FileBucketFault.Of(e, _root, "write", key, begun);
            }

            throw;
        }
    }

    private static bool Holds(string path, PutCondition condition)
    {
        if (condition.MustBeAbsent)
        {
            return !File.Exists(path);
        }

        if (condition.ETag is null)
        {
            return true;
        }

        using var file = OpenOrNullAt(path);
        return file is not null && ETag(ReadRange(file, 0, long.MaxValue).Span, File.GetLastWriteTimeUtc(file)) == condition.ETag;
    }

    private static string ETag(ReadOnlySpan<byte> content, DateTime written) =>
        string.Create(CultureInfo.InvariantCulture, $"{XxHash128.HashToUInt128(content):x32}-{written.Ticks:x}");

    private static ReadOnlyMemory<byte> ReadRange(SafeFileHandle file, long offset, long length)
    {
        var total = RandomAccess.GetLength(file);
        var from = Math.Min(offset < 0 ? Math.Max(0, total + offset) : offset, total);
        var wanted = Math.Min(length, total - from);
        if (wanted > Array.MaxLength)
        {
            throw new IOException($"{wanted} bytes are too many for memory; read a part, or as a stream.");
        }

        var buffer = GC.AllocateUninitializedArray<byte>((int)wanted);
        for (var read = 0; read < buffer.Length;)
        {
            var got = RandomAccess.Read(file, buffer.AsSpan(read), from + read);
            if (got == 0)
            {
                throw new EndOfStreamException("The file has become shorter while it was read.");
            }

            read += got;
        }

        return buffer;
    }

    private SafeFileHandle? OpenOrNull(string key)
    {
        var file = OpenOrNullAt(FilePath(key));
        if (file is null)
        {
            CheckRoot();
        }

        return file;
    }

    // Nothing is there also if the whole folder has gone; that must not be taken for an empty bucket.
    private void CheckRoot()
    {
        if (!Directory.Exists(_own))
        {
            throw new DirectoryNotFoundException($"{_own} is not there any more.");
        }
    }

    private static SafeFileHandle? OpenOrNullAt(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (IOException e) when (FileBucketFault.IsMissing(e))
        {
            return null;
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            // What other keys start with is no key itself.
            return null;
        }
    }

    private string FilePath(string key) => Path.Combine(_root, key);

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (FileBucketFault.IsDisk(e))
        {
            // It is swept when the slot is taken again.
        }
    }

    private Task<T> Run<T>(string operation, string key, Func<T> read, CancellationToken cancel)
    {
        BucketKey.Check(key);
        return Task.Run(
            () =>
            {
                try
                {
                    return read();
                }
                catch (Exception e) when (FileBucketFault.IsDisk(e))
                {
                    throw FileBucketFault.Of(e, _root, operation, key, begun: false);
                }
            },
            cancel);
    }

    private readonly record struct Content(ReadOnlyMemory<byte> Bytes, Stream? Stream)
    {
        public void WriteTo(FileBucketDisk disk, SafeFileHandle file)
        {
            if (Stream is null)
            {
                disk.Write(file, Bytes.Span, 0);
                return;
            }

            var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
            try
            {
                long offset = 0;
                for (int read; (read = Stream.Read(buffer)) > 0; offset += read)
                {
                    disk.Write(file, buffer.AsSpan(0, read), offset);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
