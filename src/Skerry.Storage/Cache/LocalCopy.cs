using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Cache;

/// <summary>
/// The files of one database that is closed, where the truth is in the bucket. They are believed only as far as they can
/// be proven.
/// </summary>
/// <remarks>
/// A copy is current if transaction, epoch and rolling checksum are those of the newest state in the bucket, and its page
/// checksums add up to that. An older one takes the transactions it lacks, and then has to add up; anything else is
/// rebuilt. Nothing is synced: after a power loss the contents are proven page by page too (<c>distrusted</c>).
/// One caller at a time, and no store may be open over the files.
/// </remarks>
internal sealed class LocalCopy(string path)
{
    private readonly string _database = path + ".sqlite";
    private readonly string _pages = path + ".pages";

    /// <summary>Makes the files hold the newest state; none, if there is none.</summary>
    /// <returns>What was done.</returns>
    /// <exception cref="StorageException">The bucket or the disk fails; or the bucket's files are damaged.</exception>
    public async Task<LocalCopyOutcome> MakeCurrentAsync(ObjectArchive archive, bool distrusted, CancellationToken cancel)
    {
        var newest = archive.Newest;
        if (newest.Transaction == 0)
        {
            Delete();
            return LocalCopyOutcome.Current;
        }

        if (Load(distrusted) is { } local)
        {
            if (SameState(local.State, newest) && PageChecksums.Combine(local.Sums.AsSpan(0, (int)newest.PageCount)) == newest.Checksum)
            {
                return LocalCopyOutcome.Current;
            }

            if (await CatchUpAsync(archive, local.State, local.Sums, cancel))
            {
                return LocalCopyOutcome.CaughtUp;
            }
        }

        await RebuildAsync(archive, newest, cancel);
        return LocalCopyOutcome.Rebuilt;
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            var (database, pages) = (new FileInfo(_database), new FileInfo(_pages));
            return (database.Exists ? database.Length : 0) + (pages.Exists ? pages.Length : 0);
        }
    }

    /// <summary>When the files were last written, or proven, UTC; long ago if there are none.</summary>
    public DateTime ChangedAt => File.GetLastWriteTimeUtc(_pages);

    /// <summary>They have been proven: <see cref="ChangedAt"/> is now.</summary>
    public void Touch()
    {
        try
        {
            // The present content again, for the file system's own clock is the one that counts.
            using var file = new FileStream(_pages, FileMode.Open, FileAccess.ReadWrite);
            var first = file.ReadByte();
            file.Position = 0;
            file.WriteByte((byte)first);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They are proven once more next time.
        }
    }

    /// <summary>Removes the files. The state goes first: a database without it is nothing.</summary>
    /// <exception cref="StorageException">They cannot be removed.</exception>
    public void Delete()
    {
        try
        {
            if (File.Exists(_pages))
            {
                File.Delete(_pages);
            }

            if (File.Exists(_database))
            {
                File.Delete(_database);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{_database} cannot be removed: {e.Message}", e);
        }
    }

    private static bool SameState(in PageState left, in PageState right) =>
        left.Transaction == right.Transaction && left.Epoch == right.Epoch && left.PageCount == right.PageCount && left.Checksum == right.Checksum;

    private (PageState State, ulong[] Sums)? Load(bool distrusted)
    {
        if (!File.Exists(_pages) || !File.Exists(_database))
        {
            return null;
        }

        using var files = new DatabaseFiles(path);
        if (files.Load(verify: false) is not { State.Transaction: > 0 } loaded || loaded.Checksums.Length < loaded.State.PageCount)
        {
            return null;
        }

        if (distrusted && !Matches(files, loaded.State.PageCount, loaded.Checksums))
        {
            return null;
        }

        return (loaded.State, loaded.Checksums);
    }

    private static bool Matches(DatabaseFiles files, uint count, ulong[] sums)
    {
        var content = new byte[IPageFile.PageSize];
        try
        {
            for (uint page = 1; page <= count; page++)
            {
                if (page == PageChecksums.LockPage)
                {
                    continue;
                }

                files.ReadPage(page, content);
                if (LtxChecksum.OfPage(page, content) != sums[page - 1])
                {
                    return false;
                }
            }
        }
        catch (StorageException)
        {
            return false;
        }

        return true;
    }

    private async Task<bool> CatchUpAsync(ObjectArchive archive, PageState local, ulong[] sums, CancellationToken cancel)
    {
        using var files = new DatabaseFiles(path);
        using var update = files.Update();
        var sink = new Sink(update, new PageChecksums(sums, local.PageCount));
        if (await archive.CatchUpAsync(local, sink, cancel) is not { } state || sink.Checksums.Combine() != state.Checksum)
        {
            return false;
        }

        update.Complete(state, default, truncate: true);
        return true;
    }

    // Beside the present files, for a rebuilding that fails must not leave less than there was.
    private async Task RebuildAsync(ObjectArchive archive, PageState newest, CancellationToken cancel)
    {
        var fresh = new LocalCopy(path + ".new");
        fresh.Delete();
        try
        {
            using (var files = new DatabaseFiles(path + ".new"))
            {
                using var update = files.Update();
                var sink = new Sink(update, new PageChecksums([], 0));
                var state = await archive.RestoreAsync(newest.Transaction, sink, cancel);
                update.Complete(state, default, truncate: true);
            }

            Delete();
            File.Move(fresh._database, _database);
            File.Move(fresh._pages, _pages);
        }
        catch (Exception e)
        {
            fresh.Delete();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"{_database} cannot be put into place: {e.Message}", e);
            }

            throw;
        }
    }

    private sealed class Sink(DatabaseFiles.FilesUpdate update, PageChecksums checksums) : IPageSink
    {
        public PageChecksums Checksums => checksums;

        public void Begin(in PageState state) => checksums.Resize(state.PageCount);

        public void Write(uint page, ReadOnlySpan<byte> content, ulong checksum)
        {
            update.Write(page, content, checksum);
            checksums[page] = checksum;
        }
    }
}

/// <summary>What it took to have the newest state in the files.</summary>
internal enum LocalCopyOutcome
{
    /// <summary>They had it.</summary>
    Current,

    /// <summary>They lacked some transactions.</summary>
    CaughtUp,

    /// <summary>They were missing, or could not be proven.</summary>
    Rebuilt,
}
