using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

public sealed partial class FileBucketTests : BucketConformance, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-bucket-").FullName;
    private readonly FileBucket _bucket;

    public FileBucketTests() => _bucket = FileBucket.Open(_folder);

    protected override IBucket Bucket => _bucket;

    public void Dispose()
    {
        _bucket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_file_holds_its_keys_content_and_nothing_else()
    {
        await _bucket.PutAsync("objects/seats/1/owner", Bytes("{}"), PutCondition.IfAbsent, Cancel);
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(_folder, "objects", "seats", "1", "owner"), Cancel));
    }

    [Fact]
    public async Task The_same_content_again_is_another_version()
    {
        var first = await _bucket.PutAsync("same", Bytes("x"), PutCondition.IfAbsent, Cancel);
        var versions = new HashSet<string> { first.ETag! };
        for (var i = 0; i < 100; i++)
        {
            versions.Add((await _bucket.PutAsync("same", Bytes("x"), PutCondition.None, Cancel)).ETag!);
        }

        Assert.Equal(101, versions.Count);
        Assert.Equal(PutOutcome.Conflict, await _bucket.PutAsync("same", Bytes("x"), PutCondition.IfMatch(first.ETag!), Cancel));
    }

    [Fact]
    public async Task Empty_folders_go_and_come_back()
    {
        for (var i = 0; i < 3; i++)
        {
            await _bucket.PutAsync("a/b/c/one", Bytes("x"), PutCondition.None, Cancel);
            await _bucket.PutAsync("a/two", Bytes("x"), PutCondition.None, Cancel);
            await _bucket.DeleteAsync(["a/b/c/one"], Cancel);
            Assert.False(Directory.Exists(Path.Combine(_folder, "a", "b")));
            await _bucket.DeleteAsync(["a/two"], Cancel);
            Assert.False(Directory.Exists(Path.Combine(_folder, "a")));
        }
    }

    [Fact]
    public async Task Putting_into_folders_that_others_empty_loses_nothing()
    {
        using var other = FileBucket.Open(_folder);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(
            async () =>
            {
                var bucket = n % 2 == 0 ? _bucket : other;
                for (var i = 0; i < 40; i++)
                {
                    Assert.True((await bucket.PutAsync($"p/q/{n}", Bytes("x"), PutCondition.IfAbsent, Cancel)).Stored);
                    Assert.NotNull(await bucket.GetAsync($"p/q/{n}", Cancel));
                    await bucket.DeleteAsync([$"p/q/{n}"], Cancel);
                }
            },
            Cancel)));
        Assert.Empty(await List(""));
    }

    [Fact]
    public async Task Two_open_buckets_on_a_folder_exclude_each_other()
    {
        using var other = FileBucket.Open(_folder);
        var etag = (await _bucket.PutAsync("both", Bytes("start"), PutCondition.IfAbsent, Cancel)).ETag!;
        for (var round = 0; round < 20; round++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(
                () => (n % 2 == 0 ? _bucket : other).PutAsync("both", Bytes($"{round} {n}"), PutCondition.IfMatch(etag), Cancel))));
            etag = Assert.Single(outcomes, o => o.Stored).ETag!;
        }
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_not_seen_and_is_swept()
    {
        // A bucket whose process is gone: its slot's lock is free, and a half-written file is in it.
        var crashed = FileBucket.Open(_folder);
        crashed.Dispose();
        var leftover = Path.Combine(_folder, "~skerry", "slot-0001", "7");
        await File.WriteAllTextAsync(leftover, "half", Cancel);
        var mine = Path.Combine(_folder, "~skerry", "slot-0000", "ff");
        await File.WriteAllTextAsync(mine, "being written", Cancel);
        Assert.Empty(await List(""));

        using var next = FileBucket.Open(_folder);
        Assert.False(File.Exists(leftover));
        Assert.True(File.Exists(mine), "what a living process writes was swept");
    }

    [Fact]
    public async Task Nothing_is_left_of_a_put_that_failed()
    {
        var disk = new FaultyDisk();
        using var bucket = FileBucket.Open(_folder, disk);
        foreach (var (arm, fault) in new (Action<IOException?>, BucketFault)[]
        {
            (e => disk.WriteError = e, BucketFault.Full),
            (e => disk.SyncFileError = e, BucketFault.Full),
            (e => disk.RenameError = e, BucketFault.Full),
        })
        {
            arm(FullDisk());
            var error = await Assert.ThrowsAsync<BucketException>(() => bucket.PutAsync("k/full", Bytes("x"), PutCondition.None, Cancel));
            Assert.Equal(fault, error.Fault);
            Assert.Contains("k/full", error.Message);
            Assert.Contains(_folder, error.Message);
            error = await Assert.ThrowsAsync<BucketException>(() => bucket.PutStreamAsync("k/full", new MemoryStream([1]), Cancel));
            Assert.Equal(fault, error.Fault);
            arm(null);
            Assert.Null(await bucket.GetAsync("k/full", Cancel));
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder, "~skerry", "slot-0001")));
        }

        disk.RenameError = new IOException("Input/output error", 5);
        Assert.Equal(BucketFault.Unavailable, (await Assert.ThrowsAsync<BucketException>(() => bucket.PutAsync("k/io", Bytes("x"), PutCondition.None, Cancel))).Fault);
    }

    [Fact]
    public async Task A_name_that_may_not_last_is_an_unknown_outcome()
    {
        var disk = new FaultyDisk();
        using var bucket = FileBucket.Open(_folder, disk);
        disk.SyncFolderError = new IOException("Input/output error", 5);
        var error = await Assert.ThrowsAsync<BucketException>(() => bucket.PutAsync("unknown", Bytes("x"), PutCondition.IfAbsent, Cancel));
        Assert.Equal(BucketFault.OutcomeUnknown, error.Fault);
        Assert.NotNull(await bucket.GetAsync("unknown", Cancel));
    }

    [Fact]
    public async Task A_folder_and_its_way_last_with_what_is_put_into_it()
    {
        var disk = new FaultyDisk();
        using var bucket = FileBucket.Open(_folder, disk);
        await bucket.PutAsync("a/b/one", Bytes("x"), PutCondition.None, Cancel);
        Assert.Equal([Path.Combine(_folder, "a", "b"), Path.Combine(_folder, "a"), _folder], disk.Synced);
        disk.Synced.Clear();
        await bucket.PutAsync("a/b/two", Bytes("x"), PutCondition.None, Cancel);
        Assert.Equal([Path.Combine(_folder, "a", "b")], disk.Synced);
        disk.Synced.Clear();

        // A folder that was removed and made again has to be made to last again.
        await bucket.DeleteAsync(["a/b/one", "a/b/two"], Cancel);
        Assert.Equal([_folder], disk.Synced);
        disk.Synced.Clear();
        await bucket.PutAsync("a/b/one", Bytes("x"), PutCondition.None, Cancel);
        Assert.Equal([Path.Combine(_folder, "a", "b"), Path.Combine(_folder, "a"), _folder], disk.Synced);
    }

    [Fact]
    public async Task A_key_within_a_key_is_refused()
    {
        await _bucket.PutAsync("a/b", Bytes("x"), PutCondition.None, Cancel);
        foreach (var key in new[] { "a", "a/b/c", "a/b/c/d" })
        {
            foreach (var condition in new[] { PutCondition.None, PutCondition.IfAbsent })
            {
                var error = await Assert.ThrowsAsync<BucketException>(() => _bucket.PutAsync(key, Bytes("x"), condition, Cancel));
                Assert.Equal(BucketFault.Unsuitable, error.Fault);
                Assert.Contains(key, error.Message);
            }
        }

        Assert.Equal("a/b", Assert.Single(await List("")).Key);
    }

    [Fact]
    public async Task A_folder_that_has_gone_is_not_taken_for_an_empty_bucket()
    {
        await _bucket.PutAsync("here", Bytes("x"), PutCondition.None, Cancel);
        var moved = _folder + "-moved";
        Directory.Move(_folder, moved);
        Directory.CreateDirectory(_folder);
        foreach (var call in new Func<Task>[]
        {
            () => _bucket.GetAsync("here", Cancel),
            () => _bucket.GetRangeAsync("here", 0, 1, Cancel),
            () => _bucket.PutAsync("here", Bytes("y"), PutCondition.IfAbsent, Cancel),
            async () => await List(""),
        })
        {
            Assert.Equal(BucketFault.NoSuchBucket, (await Assert.ThrowsAsync<BucketException>(call)).Fault);
        }

        Directory.Delete(_folder, recursive: true);
        Directory.Move(moved, _folder);
        Assert.NotNull(await _bucket.GetAsync("here", Cancel));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused_by_name()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<BucketException>(() => FileBucket.Open(Path.Combine(file, "bucket")));
        Assert.Contains(file, error.Message);
    }

    [Fact]
    public async Task A_real_full_disk_fails_writes_only_and_ends_when_space_returns()
    {
        var mount = Directory.CreateTempSubdirectory("skerry-full-bucket-").FullName;
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Mount("tmpfs", mount, "tmpfs", 0, "size=1m") == 0,
            "Mounting a small file system needs Linux and root.");
        try
        {
            using (var bucket = FileBucket.Open(mount))
            {
                await bucket.PutAsync("some/filler", new byte[900 << 10], PutCondition.None, Cancel);
                var first = await bucket.PutAsync("some/key", Bytes("old"), PutCondition.IfAbsent, Cancel);
                foreach (var put in new Func<Task>[]
                {
                    () => bucket.PutAsync("some/key", new byte[300 << 10], PutCondition.IfMatch(first.ETag!), Cancel),
                    () => bucket.PutStreamAsync("some/stream", new MemoryStream(new byte[3 << 20]), Cancel),
                })
                {
                    var error = await Assert.ThrowsAsync<BucketException>(put);
                    Assert.Equal(BucketFault.Full, error.Fault);
                    Assert.Contains("The disk is full", error.Message);
                }

                Assert.Equal(Bytes("old"), (await bucket.GetAsync("some/key", Cancel))!.Value.Content.ToArray());
                Assert.Null(await bucket.GetAsync("some/stream", Cancel));
                await bucket.DeleteAsync(["some/filler"], Cancel);
                Assert.True((await bucket.PutAsync("some/key", new byte[300 << 10], PutCondition.IfMatch(first.ETag!), Cancel)).Stored);
            }
        }
        finally
        {
            Assert.Equal(0, Unmount(mount, 2));
            Directory.Delete(mount);
        }
    }

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    private static IOException FullDisk() => new("No space left on device", 28);

    private sealed class FaultyDisk : FileBucketDisk
    {
        public IOException? WriteError { get; set; }

        public IOException? SyncFileError { get; set; }

        public IOException? RenameError { get; set; }

        public IOException? SyncFolderError { get; set; }

        public List<string> Synced { get; } = [];

        public override void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
        {
            // As a disk does that becomes full on the way.
            base.Write(file, WriteError is null ? bytes : bytes[..(bytes.Length / 2)], offset);
            Throw(WriteError);
        }

        public override void SyncFile(SafeFileHandle file, string path)
        {
            Throw(SyncFileError);
            base.SyncFile(file, path);
        }

        public override void Rename(string from, string to)
        {
            Throw(RenameError);
            base.Rename(from, to);
        }

        public override void SyncFolder(string folder)
        {
            Throw(SyncFolderError);
            Synced.Add(folder);
            base.SyncFolder(folder);
        }

        private static void Throw(IOException? error)
        {
            if (error is not null)
            {
                throw error;
            }
        }
    }
}
