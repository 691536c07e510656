using Microsoft.Extensions.Time.Testing;
using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

public sealed class NodeLogTests
{
    [Fact]
    public async Task An_empty_folder_opens_and_holds_nothing()
    {
        await using var fixture = new LogFixture();
        var log = fixture.Open();
        Assert.Empty(fixture.Replayed);
        Assert.Empty(log.Damage);
        Assert.Equal(new LogPosition(1, 4096), log.End);
        log = await fixture.Reopen(log.End);
        Assert.Empty(log.Damage);
    }

    [Fact]
    public async Task Confirmed_records_are_replayed_in_order_with_everything_they_carried()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        var stream = LogFixture.Stream(7);
        var positions = new List<LogPosition>();
        for (ulong txid = 1; txid <= 20; txid++)
        {
            positions.Add(await fixture.Append(stream, txid).Outcome);
            Assert.Equal(positions[^1], stream.Last);
        }

        var log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal(positions, fixture.Replayed.Select(r => r.Position));
        for (var i = 0; i < 20; i++)
        {
            var header = fixture.Replayed[i].Header;
            var previous = i == 0 ? default : positions[i - 1];
            Assert.Equal(new LogRecordHeader(stream.Key, 1, (ulong)i + 1, 1_001 + i, 7 * (i + 1), previous), header);
            Assert.Equal(LogFixture.Payload(stream, (ulong)i + 1), fixture.Replayed[i].Payload);
        }
    }

    [Fact]
    public async Task Each_stream_chains_to_itself_within_a_batch_and_across_batches()
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files };
        fixture.Open();
        var streams = Enumerable.Range(0, 3).Select(i => LogFixture.Stream(i)).ToArray();
        await fixture.Append(streams[0], 1).Outcome;
        using (files.HoldSyncs())
        {
            var held = fixture.Append(streams[1], 1);
            await files.SyncReached;
            for (ulong txid = 2; txid < 6; txid++)
            {
                foreach (var stream in streams)
                {
                    fixture.Append(stream, txid);
                }
            }
        }

        await fixture.Append(streams[2], 6).Outcome;
        await fixture.Reopen();
        foreach (var stream in streams)
        {
            var own = fixture.Replayed.Where(r => r.Header.Key == stream.Key).ToArray();
            Assert.True(own.Length >= 4);
            Assert.Equal(own.Select(r => r.Position).Prepend(default).SkipLast(1), own.Select(r => r.Header.Previous));
        }
    }

    [Fact]
    public async Task What_waits_for_a_sync_is_written_as_one_batch()
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files };
        var log = fixture.Open();
        await fixture.Append(LogFixture.Stream(0), 1).Outcome;
        var waiting = new List<Append>();
        using (files.HoldSyncs())
        {
            waiting.Add(fixture.Append(LogFixture.Stream(1), 1));
            await files.SyncReached;
            waiting.AddRange(Enumerable.Range(2, 100).Select(i => fixture.Append(LogFixture.Stream(i), 1)));
            Assert.True(log.QueuedBytes > 101 * 256);
        }

        await Task.WhenAll(waiting.Select(w => w.Outcome));
        Assert.Equal(3, log.Batches);
        Assert.Equal(102, log.Records);
        Assert.Equal(0, log.QueuedBytes);
    }

    [Fact]
    public async Task Many_threads_append_and_every_confirmed_record_is_found()
    {
        await using var fixture = new LogFixture { SegmentBytes = 1 << 20 };
        fixture.Open();
        var threads = Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            var stream = LogFixture.Stream(i);
            for (ulong txid = 1; txid <= 500; txid++)
            {
                await fixture.Append(stream, txid, new byte[i * 10]).Outcome;
            }
        }));
        await Task.WhenAll(threads);
        var log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal(16 * 500, fixture.Replayed.Count);
        foreach (var own in fixture.Replayed.GroupBy(r => r.Header.Key))
        {
            Assert.Equal(Enumerable.Range(1, 500).Select(i => (ulong)i), own.Select(r => r.Header.Txid));
        }
    }

    [Fact]
    public async Task Records_are_read_at_random_while_others_are_appended()
    {
        await using var fixture = new LogFixture { SegmentBytes = 32 << 10 };
        var log = fixture.Open();
        var known = new System.Collections.Concurrent.ConcurrentBag<(LogPosition Position, byte[] Payload)>();
        var writer = Task.Run(async () =>
        {
            var stream = LogFixture.Stream(1);
            for (ulong txid = 1; txid <= 400; txid++)
            {
                var payload = LogFixture.Payload(stream, txid);
                known.Add((await fixture.Append(stream, txid, payload).Outcome, payload));
            }
        });
        var reads = 0;
        while (!writer.IsCompleted || reads == 0)
        {
            foreach (var (position, payload) in known.Take(50))
            {
                Assert.Equal(payload, log.Read(position).Payload.ToArray());
                reads++;
            }

            await Task.Yield();
        }

        await writer;
        Assert.True(log.Segments.Count > 10);
    }

    [Fact]
    public async Task A_position_that_holds_no_record_is_a_clear_error()
    {
        await using var fixture = new LogFixture();
        var log = fixture.Open();
        var position = await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        Assert.Contains("ends at", Assert.Throws<StorageException>(() => log.Read(log.End)).Message);
        Assert.Contains("no record", Assert.Throws<StorageException>(() => log.Read(default)).Message);
        var error = Assert.Throws<StorageDamagedException>(() => log.Read(position with { Offset = position.Offset + 8 }));
        Assert.Equal(position.Offset + 8, error.Offset);
    }

    [Fact]
    public async Task A_checkpoint_at_the_end_replays_only_what_comes_later()
    {
        await using var fixture = new LogFixture { SegmentBytes = 32 << 10 };
        var log = fixture.Open();
        var stream = LogFixture.Stream(1);
        var checkpoints = new List<LogPosition> { log.End };
        for (ulong txid = 1; txid <= 30; txid++)
        {
            await fixture.Append(stream, txid).Outcome;
            checkpoints.Add(log.End);
        }

        for (var i = 0; i < checkpoints.Count; i++)
        {
            log = await fixture.Reopen(checkpoints[i]);
            Assert.Empty(log.Damage);
            Assert.Equal(30 - i, fixture.Replayed.Count);
            Assert.Equal(Enumerable.Range(i + 1, 30 - i), fixture.Replayed.Select(r => (int)r.Header.Txid));
        }
    }

    [Fact]
    public async Task A_checkpoint_beyond_the_end_is_damage()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        var log = await fixture.Reopen(new LogPosition(1, 1 << 20));
        Assert.True(Assert.Single(log.Damage).RecordsLost);
        Assert.Contains("before its checkpoint", log.Damage[0].Message);
    }

    [Fact]
    public async Task Reopening_again_and_again_adds_to_the_same_chain()
    {
        await using var fixture = new LogFixture { SegmentBytes = 24 << 10 };
        fixture.Open();
        var stream = LogFixture.Stream(1);
        for (ulong txid = 1; txid <= 40; txid++)
        {
            await fixture.Append(stream, txid).Outcome;
            var log = await fixture.Reopen();
            Assert.Empty(log.Damage);
            Assert.Equal(txid, (ulong)fixture.Replayed.Count);
            stream = new LogStream(stream.Key, fixture.Replayed[^1].Position);
        }

        Assert.Equal(fixture.Replayed.Select(r => r.Position).Prepend(default).SkipLast(1), fixture.Replayed.Select(r => r.Header.Previous));
    }

    [Fact]
    public async Task Closing_writes_what_waits()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        var waiting = Enumerable.Range(1, 200).Select(i => fixture.Append(LogFixture.Stream(i), 1)).ToArray();
        await fixture.Log.DisposeAsync();
        Assert.All(waiting, w => Assert.True(w.Outcome.IsCompletedSuccessfully));
        var late = LogFixture.Request(LogFixture.Stream(1), 2);
        fixture.Log.Append(late);
        Assert.Contains("closed", (await Assert.ThrowsAsync<StorageException>(() => late.Outcome)).Message);
        fixture.Open();
        Assert.Equal(200, fixture.Replayed.Count);
    }

    [Fact]
    public async Task Too_much_waiting_fails_at_once_and_for_the_rest_of_the_epoch()
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files, QueueBytesMax = 10_000 };
        var log = fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        var first = LogFixture.Stream(2);
        var other = LogFixture.Stream(3);
        Append held;
        using (files.HoldSyncs())
        {
            held = fixture.Append(LogFixture.Stream(1), 2, new byte[20_000]);
            await files.SyncReached;
            var refused = fixture.Append(first, 1);
            Assert.True(refused.Outcome.IsFaulted);
            Assert.Contains("Log overloaded", (await Assert.ThrowsAsync<StorageException>(() => refused.Outcome)).Message);
        }

        await held.Outcome;
        Assert.Contains("restart the object", (await Assert.ThrowsAsync<StorageException>(() => fixture.Append(first, 2).Outcome)).Message);
        await fixture.Append(other, 1).Outcome;
        await fixture.Append(first, 1, epoch: 2).Outcome;
        await fixture.Append(first, 2, epoch: 2).Outcome;
        Assert.Equal(0, log.QueuedBytes);
    }

    [Fact]
    public async Task An_idle_second_marks_the_last_batch_once()
    {
        var time = new FakeTimeProvider();
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Time = time, Files = files };
        var log = fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        var end = log.End;
        var synced = files.NextSync();
        while (!synced.IsCompleted)
        {
            // The writer sets its timer only when it has gone idle.
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await fixture.Append(LogFixture.Stream(1), 2).Outcome;
        Assert.Equal(1, log.Markers);
        Assert.Equal(end.Offset + (2 * 4096), log.End.Offset);
    }

    [Fact]
    public async Task Appending_allocates_nothing_for_a_record()
    {
        await using var fixture = new LogFixture { SegmentBytes = 64 << 20 };
        var log = fixture.Open();
        var request = new Repeated { Stream = LogFixture.Stream(1), Epoch = 1, Payload = new byte[600], Log = log };
        log.Append(request);
        Assert.InRange(await request.BytesPerRecord.Task, 0, 8);
    }

    /// <summary>Appends itself again as soon as it is confirmed, and counts what the writer's thread allocates.</summary>
    private sealed class Repeated : AppendRequest
    {
        private const int Warm = 500;
        private const int Counted = 2_000;
        private int _confirmed;
        private long _before;

        public required NodeLog Log { get; init; }

        public TaskCompletionSource<double> BytesPerRecord { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected internal override void OnConfirmed(LogPosition position)
        {
            _confirmed++;
            if (_confirmed == Warm)
            {
                _before = GC.GetAllocatedBytesForCurrentThread();
            }

            if (_confirmed == Warm + Counted)
            {
                BytesPerRecord.SetResult((GC.GetAllocatedBytesForCurrentThread() - _before) / (double)Counted);
                return;
            }

            Log.Append(this);
        }

        protected internal override void OnFailed(StorageException error) => BytesPerRecord.SetException(error);
    }
}
