using Skerry.Storage.Archive;
using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

/// <summary>Reading records by their numbers, for the bucket and for followers.</summary>
public sealed class LogTailTests
{
    [Fact]
    public async Task Confirmed_records_are_read_from_any_number_on_also_after_a_restart()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        var log = fixture.Open();
        var stream = LogFixture.Stream(1);
        for (var txid = 1ul; txid <= 60; txid++)
        {
            await fixture.Append(stream, txid, new byte[700 + (int)txid]).Outcome;
        }

        Assert.True(log.Segments.Count > 5);
        foreach (var from in (ulong[])[1, 2, 17, 59, 60, 61])
        {
            Assert.Equal(Range(from, 60), await Read(log, from));
        }

        // Only what is behind the checkpoint is scanned; the rest is found by its segments' first batches.
        log = await fixture.Reopen(log.End);
        Assert.Empty(fixture.Replayed);
        Assert.Equal(60ul, log.ConfirmedSequence);
        Assert.Equal(Range(3, 60), await Read(log, 3));
        await fixture.Append(stream, 61).Outcome;
        Assert.Equal(Range(58, 61), await Read(log, 58));
    }

    [Fact]
    public async Task Records_that_failed_are_left_out()
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files };
        var log = fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        files.SyncError = FaultyFiles.BrokenDisk();
        await Assert.ThrowsAsync<StorageException>(() => fixture.Append(LogFixture.Stream(2), 1).Outcome);
        files.SyncError = null;
        Assert.Equal([1ul], await Read(log, 1));
        Assert.Equal(2ul, log.ConfirmedSequence);
        await fixture.Append(LogFixture.Stream(3), 1).Outcome;
        Assert.Equal([1ul, 3], await Read(log, 1));
        Assert.Equal([3ul], await Read(log, 2));
    }

    [Fact]
    public async Task Who_waits_for_more_is_woken_by_it()
    {
        await using var fixture = new LogFixture();
        var log = fixture.Open();
        var first = log.WaitBeyondAsync(0, default);
        var third = log.WaitBeyondAsync(2, default);
        Assert.False(first.IsCompleted);
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        await first;
        await log.WaitBeyondAsync(0, default);
        Assert.False(third.IsCompleted);
        using var cancel = new CancellationTokenSource();
        var never = log.WaitBeyondAsync(100, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => never);
        await fixture.Append(LogFixture.Stream(1), 2).Outcome;
        await fixture.Append(LogFixture.Stream(1), 3).Outcome;
        await third;
    }

    [Fact]
    public async Task What_is_not_in_the_bucket_is_not_removed()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        var log = fixture.Open();
        for (var txid = 1ul; txid <= 60; txid++)
        {
            await fixture.Append(LogFixture.Stream(1), txid, new byte[1_000]).Outcome;
        }

        log.Uploaded(0);
        log.RemoveSegmentsBefore(uint.MaxValue);
        Assert.Equal(Range(1, 60), await Read(log, 1));
        log.Uploaded(30);
        log.RemoveSegmentsBefore(uint.MaxValue);
        Assert.Equal(Range(31, 60), await Read(log, 31));
        await Assert.ThrowsAsync<StorageException>(() => Read(log, 1));
        log.Uploaded(60);
        log.RemoveSegmentsBefore(uint.MaxValue);
        Assert.Single(log.Segments);
    }

    [Fact]
    public async Task A_damaged_batch_is_not_handed_on()
    {
        await using var fixture = new LogFixture();
        var log = fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        var position = await fixture.Append(LogFixture.Stream(1), 2).Outcome;
        using (var file = File.OpenHandle(log.Segments[0].Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            RandomAccess.Write(file, "damage"u8, position.Offset + 130);
        }

        Assert.Equal(1ul, log.ReadFrames(1).First().Last);
        await Assert.ThrowsAsync<StorageDamagedException>(() => Read(log, 1));
    }

    private static IEnumerable<ulong> Range(ulong from, ulong to) => Enumerable.Range((int)from, (int)(to + 1 - from)).Select(n => (ulong)n);

    private static async Task<List<ulong>> Read(IConfirmedRecords log, ulong from)
    {
        var found = new List<ulong>();
        await foreach (var record in log.ReadAsync(from, default))
        {
            found.Add(record.Sequence);
        }

        return found;
    }
}
