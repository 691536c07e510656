using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Node;

public sealed class NodeStorageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-storage-").FullName;
    private static readonly ObjectKey Key = new("flights", new Id256([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private NodeStorage Open(Action<NodeStorageOptions>? configure = null)
    {
        var options = new NodeStorageOptions { Folder = _folder, LogSegmentBytes = 1 << 20 };
        configure?.Invoke(options);
        return NodeStorage.Open(options, TimeProvider.System, NullLogger<NodeStorage>.Instance);
    }

    [Fact]
    public async Task A_confirmed_commit_is_there_after_an_orderly_restart()
    {
        await using (var storage = Open())
        {
            var store = storage.OpenDatabase(Key, new Confirmations(out var confirmed));
            Write(store, 1, 7);
            Write(store, 2, 8);
            await confirmed.Until(store.Commit(alarmMs: 42));
            await store.WhenSettled();
            storage.CloseDatabase(store);
        }

        await using (var storage = Open())
        {
            Assert.Equal(42, Assert.Single(storage.TakeAlarms()).Value);
            var store = storage.OpenDatabase(Key, new Confirmations(out _));
            Assert.Equal(1UL, store.State.Transaction);
            Assert.Equal(7, Read(store, 1));
            Assert.Equal(8, Read(store, 2));
        }
    }

    [Fact]
    public async Task After_a_crash_records_behind_the_checkpoint_are_redone()
    {
        var image = Path.Combine(Path.GetTempPath(), $"skerry-crash-{Guid.NewGuid():n}");
        await using (var storage = Open())
        {
            var store = storage.OpenDatabase(Key, new Confirmations(out var confirmed));
            for (byte i = 1; i <= 50; i++)
            {
                Write(store, (uint)(i % 5) + 1, i);
                await confirmed.Until(store.Commit(alarmMs: 0));
                if (i == 20)
                {
                    storage.PendingAlarms = static () => [];
                    await storage.CheckpointAsync(CancellationToken.None);
                }
            }

            // What a killed process leaves: the files as they are now, the flushes half done.
            Copy(_folder, image);
        }

        try
        {
            await using var crashed = NodeStorage.Open(
                new NodeStorageOptions { Folder = image, LogSegmentBytes = 1 << 20 }, TimeProvider.System, NullLogger<NodeStorage>.Instance);
            var store = crashed.OpenDatabase(Key, new Confirmations(out var confirmed));
            Assert.Equal(50UL, store.State.Transaction);
            for (byte page = 1; page <= 5; page++)
            {
                Assert.Equal(page == 1 ? 50 : 45 + page - 1, Read(store, page));
            }

            Write(store, 1, 99);
            await confirmed.Until(store.Commit(alarmMs: 0));
            Assert.Equal(51UL, store.Confirmed.Transaction);
        }
        finally
        {
            Directory.Delete(image, recursive: true);
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_a_database_file_is_detected_and_named()
    {
        string file;
        await using (var storage = Open())
        {
            storage.PendingAlarms = static () => [];
            var store = storage.OpenDatabase(Key, new Confirmations(out var confirmed));
            Write(store, 1, 7);
            Write(store, 2, 8);
            await confirmed.Until(store.Commit(alarmMs: 0));
            file = storage.PathOf(Key) + ".sqlite";
        }

        var bytes = File.ReadAllBytes(file);
        bytes[4096 + 100] ^= 1;
        File.WriteAllBytes(file, bytes);
        await using (var storage = Open())
        {
            var store = storage.OpenDatabase(Key, new Confirmations(out _));
            Assert.Equal(7, Read(store, 1));
            var e = Assert.Throws<StorageDamagedException>(() => Read(store, 2));
            Assert.Equal(file, e.Path);
            Assert.Equal(4096, e.Offset);
        }
    }

    [Fact]
    public async Task Any_transaction_can_be_restored_and_the_restore_undone()
    {
        await using var storage = Open();
        var store = storage.OpenDatabase(Key, new Confirmations(out var confirmed));
        for (byte i = 1; i <= 30; i++)
        {
            Write(store, (uint)(i % 3) + 1, i);
            if (i == 20)
            {
                Write(store, 9, 99);
            }

            await confirmed.Until(store.Commit(alarmMs: 0));
        }

        (await storage.History.ReadAsync(store, 10, CancellationToken.None)).ApplyTo(store);
        await confirmed.Until(store.Commit(alarmMs: 0));
        Assert.Equal((9, 10, 8), (Read(store, 1), Read(store, 2), Read(store, 3)));
        Assert.Equal(3u, store.PageCount);

        (await storage.History.ReadAsync(store, 30, CancellationToken.None)).ApplyTo(store);
        await confirmed.Until(store.Commit(alarmMs: 0));
        Assert.Equal((30, 28, 29, 99), (Read(store, 1), Read(store, 2), Read(store, 3), Read(store, 9)));
        Assert.Equal(32UL, store.Confirmed.Transaction);
    }

    [Fact]
    public async Task History_that_left_the_log_is_kept_as_a_snapshot()
    {
        await using var storage = Open(o => o.HistoryBytesMax = 2 << 20);
        storage.PendingAlarms = static () => [];
        var store = storage.OpenDatabase(Key, new Confirmations(out var confirmed));
        var random = new Random(1);
        var noise = new byte[4096];
        var commits = 0;
        while (storage.Log.Segments.LastOrDefault().Number < 6)
        {
            random.NextBytes(noise);
            noise[0] = (byte)commits;
            store.Write((uint)(commits++ % 4) + 1, noise);
            await confirmed.Until(store.Commit(alarmMs: 0));
        }

        await storage.CheckpointAsync(CancellationToken.None);
        Assert.True(storage.Log.FirstSegment > 1);
        var oldest = storage.Log.ReadHeaders(storage.Log.FirstSegment).First().Header.Txid - 1;
        (await storage.History.ReadAsync(store, oldest, CancellationToken.None)).ApplyTo(store);
        await confirmed.Until(store.Commit(alarmMs: 0));
        Assert.Equal((byte)(oldest - 1), Read(store, (uint)((oldest - 1) % 4) + 1));
        await Assert.ThrowsAsync<PastNotRetainedException>(() => storage.History.ReadAsync(store, 1, CancellationToken.None));
    }

    [Fact]
    public async Task Unconfirmed_pages_are_dropped_with_their_store()
    {
        await using var storage = Open();
        var store = storage.OpenDatabase(Key, new Confirmations(out var confirmed));
        Write(store, 1, 1);
        await confirmed.Until(store.Commit(alarmMs: 0));
        Write(store, 1, 2);
        store.DiscardPending();
        Assert.Equal(1, Read(store, 1));
        await store.WhenSettled();
        storage.CloseDatabase(store);
        store = storage.OpenDatabase(Key, new Confirmations(out _));
        Assert.Equal(1, Read(store, 1));
        Assert.Throws<InvalidOperationException>(() => storage.OpenDatabase(Key, new Confirmations(out _)));
    }

    [Fact]
    public async Task A_folder_that_is_held_or_of_a_newer_version_is_refused()
    {
        await using (Open())
        {
            Assert.Contains("held by another process", Assert.Throws<StorageException>(() => Open()).Message, StringComparison.Ordinal);
        }

        File.WriteAllText(Path.Combine(_folder, "format.json"), """{"format":99}""");
        Assert.Contains("format 99", Assert.Throws<StorageException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.Equal("""{"format":99}""", File.ReadAllText(Path.Combine(_folder, "format.json")));
    }

    private static void Write(PageStore store, uint page, byte value)
    {
        var content = new byte[IPageFile.PageSize];
        content[0] = value;
        store.Write(page, content);
    }

    private static int Read(PageStore store, uint page)
    {
        var content = new byte[IPageFile.PageSize];
        store.Read(page, 0, content);
        return content[0];
    }

    private static void Copy(string from, string to)
    {
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
        {
            Directory.CreateDirectory(folder.Replace(from, to, StringComparison.Ordinal));
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("skerry.lock", StringComparison.Ordinal)))
        {
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var target = File.Create(file.Replace(from, to, StringComparison.Ordinal));
            source.CopyTo(target);
        }
    }
}
