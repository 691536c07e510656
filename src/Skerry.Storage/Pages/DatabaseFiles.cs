using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Skerry.Storage.Log;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Pages;

/// <summary>
/// The two files of one database: <c>ID.sqlite</c>, a plain SQLite database, and <c>ID.pages</c>, which holds the
/// state it is in and the checksum of every page, so that a damaged page is noticed when it is read.
/// </summary>
/// <remarks>
/// Layout of <c>ID.pages</c>, little-endian: a header of 128 bytes (magic, format, page size, page count, transaction,
/// epoch, rolling checksum, timestamp, alarm, position of the newest record in the log, and at byte 120 an XXH3 hash of the
/// bytes before it), then 8 bytes a page. Nothing is synced here: the node's log is the write-ahead log, and its
/// checkpoint makes these files durable. One thread may read pages while another writes others.
/// </remarks>
internal sealed class DatabaseFiles(string path) : IDisposable
{
    private const int HeaderSize = 128;
    private const int HeaderChecksumAt = 120;
    private const uint Format = 1;

    private readonly Lock _opening = new();
    private SafeFileHandle? _database;

    private static ReadOnlySpan<byte> Magic => "SKRYPAGE"u8;

    /// <summary>The database file.</summary>
    public string DatabasePath { get; } = path + ".sqlite";

    /// <summary>The file of page checksums.</summary>
    public string PagesPath { get; } = path + ".pages";

    /// <summary>
    /// Reads state and checksums; null if the database was never written. With <paramref name="verify"/> the header's
    /// and the rolling checksum must match; without, the log is about to overwrite what a crash may have torn.
    /// </summary>
    public (PageState State, LogPosition Last, ulong[] Checksums)? Load(bool verify)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PagesPath);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            if (verify && File.Exists(DatabasePath))
            {
                throw new StorageDamagedException(PagesPath, 0, "the file is missing, while its database is there");
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{PagesPath} cannot be read: {e.Message}", e);
        }

        if (bytes.Length < HeaderSize || !bytes.AsSpan(0, 8).SequenceEqual(Magic)
            || XxHash3.HashToUInt64(bytes.AsSpan(0, HeaderChecksumAt)) != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(HeaderChecksumAt)))
        {
            if (verify)
            {
                throw new StorageDamagedException(PagesPath, 0, "the header does not match its checksum");
            }

            return bytes.Length < HeaderSize ? null : (default, default, Sums(bytes));
        }

        var format = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
        if (format > Format)
        {
            throw new StorageException($"{PagesPath} has format {format}; this version reads up to {Format}. Use the newer version that wrote it.");
        }

        var state = new PageState(
            Transaction: BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(24)),
            Epoch: BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(32)),
            PageCount: BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(16)),
            Checksum: BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40)),
            TimestampMs: BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(48)),
            AlarmMs: BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(56)));
        var last = LogPosition.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(64)));
        var sums = Sums(bytes);
        if (verify && (sums.Length < state.PageCount || PageChecksums.Combine(sums.AsSpan(0, (int)state.PageCount)) != state.Checksum))
        {
            throw new StorageDamagedException(PagesPath, HeaderSize, "the pages' checksums do not add up to the database's");
        }

        return (state, last, sums);
    }

    private static ulong[] Sums(byte[] bytes) =>
        MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan(HeaderSize, (bytes.Length - HeaderSize) & ~7)).ToArray();

    /// <summary>Fills <paramref name="content"/> with the first bytes of a page.</summary>
    /// <exception cref="StorageException">The file cannot be read, or is shorter than the page.</exception>
    public void ReadPage(uint page, Span<byte> content)
    {
        var offset = (long)(page - 1) * IPageFile.PageSize;
        try
        {
            var database = Database(FileMode.Open);
            while (content.Length > 0)
            {
                var read = RandomAccess.Read(database, content, offset);
                if (read == 0)
                {
                    throw new StorageDamagedException(DatabasePath, offset, $"page {page} is missing");
                }

                content = content[read..];
                offset += read;
            }
        }
        catch (FileNotFoundException)
        {
            throw new StorageDamagedException(DatabasePath, 0, "the file is missing, while its page checksums are there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Reading page {page} of {DatabasePath} failed: {e.Message}", e);
        }
    }

    /// <summary>Writes pages and their checksums, then the state that they complete.</summary>
    /// <exception cref="StorageException">A write failed; the files then need the log's records again.</exception>
    public void Write(in PageState state, LogPosition last, IReadOnlyList<(uint Page, PageVersion Version)> pages, uint pageCountBefore)
    {
        using var update = Update();
        foreach (var (page, version) in pages)
        {
            update.Write(page, version.Content.AsSpan(0, IPageFile.PageSize), version.Checksum);
        }

        update.Complete(state, last, truncate: state.PageCount < pageCountBefore);
    }

    /// <summary>Begins to write pages. Until <see cref="FilesUpdate.Complete"/> the header tells of the state before.</summary>
    /// <exception cref="StorageException">The files cannot be written.</exception>
    public FilesUpdate Update()
    {
        try
        {
            var database = Database(FileMode.OpenOrCreate);
            return new FilesUpdate(this, database, File.OpenHandle(PagesPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    private StorageException Failed(Exception e) =>
        new($"Writing {DatabasePath} failed: {e.Message} Nothing confirmed is lost; free space and it is written again.", e);

    /// <summary>Pages on their way into the files.</summary>
    public sealed class FilesUpdate(DatabaseFiles files, SafeFileHandle database, SafeFileHandle checksums) : IDisposable
    {
        /// <summary>Writes one page and its checksum.</summary>
        /// <exception cref="StorageException">A write failed.</exception>
        public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum)
        {
            Span<byte> sum = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(sum, checksum);
            try
            {
                RandomAccess.Write(database, content, (long)(page - 1) * IPageFile.PageSize);
                RandomAccess.Write(checksums, sum, HeaderSize + ((long)(page - 1) * 8));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw files.Failed(e);
            }
        }

        /// <summary>Writes the state that the pages complete.</summary>
        /// <exception cref="StorageException">A write failed.</exception>
        public void Complete(in PageState state, LogPosition last, bool truncate)
        {
            try
            {
                if (truncate)
                {
                    RandomAccess.SetLength(database, (long)state.PageCount * IPageFile.PageSize);
                    RandomAccess.SetLength(checksums, HeaderSize + ((long)state.PageCount * 8));
                }

                WriteHeader(checksums, state, last);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw files.Failed(e);
            }
        }

        public void Dispose() => checksums.Dispose();
    }

    private static void WriteHeader(SafeFileHandle file, in PageState state, LogPosition last)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Format);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], IPageFile.PageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], state.PageCount);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], state.Transaction);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], state.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], state.Checksum);
        BinaryPrimitives.WriteInt64LittleEndian(header[48..], state.TimestampMs);
        BinaryPrimitives.WriteInt64LittleEndian(header[56..], state.AlarmMs);
        BinaryPrimitives.WriteUInt64LittleEndian(header[64..], last.ToUInt64());
        BinaryPrimitives.WriteUInt64LittleEndian(header[HeaderChecksumAt..], XxHash3.HashToUInt64(header[..HeaderChecksumAt]));
        RandomAccess.Write(file, header, 0);
    }

    // Reading and flushing threads may come here at once; both then use the one handle.
    private SafeFileHandle Database(FileMode mode)
    {
        lock (_opening)
        {
            if (_database is null)
            {
                if (mode == FileMode.OpenOrCreate)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(DatabasePath)!);
                }

                _database = File.OpenHandle(DatabasePath, mode, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.RandomAccess);
            }

            return _database;
        }
    }

    public void Dispose() => _database?.Dispose();
}
