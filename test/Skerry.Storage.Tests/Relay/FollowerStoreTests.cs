using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;
using Skerry.Storage.Tests.Log;

namespace Skerry.Storage.Tests.Relay;

public sealed class FollowerStoreTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-follower-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly FaultyFiles _files = new();
    private FollowerStore _store = null!;

    public FollowerStoreTests() => Open();

    [Fact]
    public async Task Frames_and_seals_outlive_a_restart()
    {
        var (one, two) = (new FrameMaker(1), new FrameMaker(2));
        var leader = new Leader();
        var stream = Follow(one, leader, out var held);
        Assert.Equal(0ul, held);
        await Send(stream, leader, one.Next(3), one.Next(1));
        await Send(Follow(two, leader, out _), leader, two.Next(5));
        Assert.Equal((1ul, 5ul), await Sealed(two));

        await Reopen();
        Assert.Empty(_store.Damage);
        Assert.Equal([1, 2, 3, 4], await Read(one));
        Assert.Equal([1, 2, 3, 4, 5], await Read(two));
        Follow(one, leader, out held);
        Assert.Equal(4ul, held);
        Assert.Null(_store.Follow(two.Hello(0), leader, out _, out var sealedBy));
        Assert.Equal(7, sealedBy);
        Assert.Equal((1ul, 5ul), await Sealed(two));
    }

    [Fact]
    public async Task Only_the_frame_that_follows_is_taken()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        var (first, second, third) = (maker.Next(2), maker.Next(2), maker.Next(2));
        await Send(stream, leader, first);
        await stream.AppendAsync(first, 77);
        Assert.Equal((2ul, 77L), leader.Last);
        await stream.AppendAsync(third, 78);
        Assert.Contains("does not follow", (await leader.End)!.Message);
        await stream.AppendAsync(second, 79);
        Assert.Equal((2ul, 77L), leader.Last);

        leader = new Leader();
        stream = Follow(maker, leader, out var held);
        Assert.Equal(2ul, held);
        await Send(stream, leader, second, third);
        Assert.Equal([1, 2, 3, 4, 5, 6], await Read(maker));
    }

    [Fact]
    public async Task A_frame_that_is_damaged_on_its_way_is_refused()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        var frame = maker.Next(3);
        var body = frame.Body.ToArray();
        body[200] ^= 1;
        await stream.AppendAsync(frame with { Body = body }, 1);
        Assert.IsType<StorageDamagedException>(await leader.End);
        Assert.Empty(await Read(maker));
        await Send(Follow(maker, leader = new Leader(), out _), leader, frame);
    }

    [Fact]
    public async Task A_newer_stream_ends_the_older_one()
    {
        var maker = new FrameMaker(1);
        var (older, newer) = (new Leader(), new Leader());
        var stale = Follow(maker, older, out _);
        var frame = maker.Next(1);
        var stream = Follow(maker, newer, out _);
        Assert.Null(await older.End);
        await stale.AppendAsync(frame, 1);
        stale.Heartbeat(2, 0, 0);
        await Send(stream, newer, frame);
        Assert.Equal(default, older.Last);
        stale.Ended();
        await Send(stream, newer, maker.Next(1));
    }

    [Fact]
    public async Task After_a_seal_nothing_is_acknowledged_and_what_was_is_in_the_answer()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        await Send(stream, leader, maker.Next(2));
        Task<SealReply> seal;
        using (_files.HoldSyncs())
        {
            await stream.AppendAsync(maker.Next(2), 5);
            await _files.SyncReached;
            seal = _store.SealAsync(maker.Session, 3, default);
            Assert.Equal(3, await leader.Refusal);
            await stream.AppendAsync(maker.Next(2), 6);
            stream.Heartbeat(7, 0, 0);
            Assert.False(seal.IsCompleted);
        }

        var reply = await seal;
        Assert.Equal((1ul, 4ul), (reply.First, reply.Last));
        Assert.Equal(2ul, leader.Last.Held);
        Assert.Equal([1, 2, 3, 4], await Read(maker));
        Assert.Equal((1ul, 4ul), await Sealed(maker));
    }

    [Fact]
    public async Task A_session_that_never_came_can_be_sealed()
    {
        var maker = new FrameMaker(9);
        Assert.Equal((0ul, 0ul), await Sealed(maker));
        await Reopen();
        Assert.Null(_store.Follow(maker.Hello(0), new Leader(), out _, out _));
    }

    [Fact]
    public async Task Leases_run_from_the_acknowledgement_and_from_a_restart()
    {
        var (one, two) = (new FrameMaker(1), new FrameMaker(2));
        _time.Advance(TimeSpan.FromSeconds(10));
        var leader = new Leader();
        var stream = Follow(one, leader, out _);
        Assert.Equal(TimeSpan.Zero, (await _store.SealAsync(two.Session, 1, default)).LeaseLeft);
        stream.Heartbeat(1, 0, 0);
        Assert.Equal((0ul, 1L), leader.Last);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(TimeSpan.FromMilliseconds(700), (await _store.SealAsync(one.Session, 1, default)).LeaseLeft);
        stream.Heartbeat(2, 0, 0);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(TimeSpan.FromMilliseconds(400), (await _store.SealAsync(one.Session, 1, default)).LeaseLeft);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, (await _store.SealAsync(one.Session, 2, default)).LeaseLeft);

        await Reopen();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(900), (await _store.SealAsync(new FrameMaker(3).Session, 1, default)).LeaseLeft);
    }

    [Fact]
    public async Task What_is_forgotten_stays_forgotten_but_the_seal_stays()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        await Send(Follow(maker, leader, out _), leader, maker.Next(4));
        await Sealed(maker);
        await _store.ForgetAsync(maker.Session, default);
        Assert.Empty(await Read(maker));
        await Reopen();
        Assert.Empty(await Read(maker));
        Assert.Null(_store.Follow(maker.Hello(4), leader, out _, out _));
        Assert.Equal((0ul, 0ul), await Sealed(maker));
    }

    [Fact]
    public async Task A_leader_that_has_uploaded_more_than_is_here_starts_anew()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        await Send(Follow(maker, leader, out _), leader, maker.Next(4));
        maker.Next(6);
        leader = new Leader();
        var stream = _store.Follow(maker.Hello(10), leader, out var held, out _)!;
        Assert.Equal(10ul, held);
        await Send(stream, leader, maker.Next(2));
        Assert.Equal([11, 12], await Read(maker));
        await Reopen();
        Assert.Equal([11, 12], await Read(maker));
        Follow(maker, leader, out held);
        Assert.Equal(12ul, held);
    }

    [Fact]
    public async Task Files_go_when_nothing_in_them_is_needed_and_seals_move_on()
    {
        var (dead, busy) = (new FrameMaker(1), new FrameMaker(2));
        await Sealed(dead);
        var leader = new Leader();
        var stream = Follow(busy, leader, out _);
        for (var i = 0; i < 60; i++)
        {
            await Send(stream, leader, busy.Next(5, 2_000));
            stream.Heartbeat(leader.Last.SentAt + 1, 0, leader.Last.Held);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        while (_store.Log.Segments.Count > 4)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        Assert.True(_store.Log.FirstSegment > 4);
        Assert.True(Directory.GetFiles(_folder).Length < 12);
        await Reopen();
        Assert.Empty(_store.Damage);
        Assert.Null(_store.Follow(dead.Hello(0), leader, out _, out var sealedBy));
        Assert.Equal(7, sealedBy);
        stream = Follow(busy, leader = new Leader(), out _, 300);
        await Send(stream, leader, busy.Next(1));
        Assert.Equal(301, (await Read(busy))[^1]);
    }

    [Fact]
    public async Task A_torn_end_costs_only_what_was_never_acknowledged()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        await Send(stream, leader, maker.Next(2), maker.Next(2));
        var segment = _store.Log.Segments[^1];
        var last = maker.Next(2);
        await Send(stream, leader, last);
        await _store.DisposeAsync();
        using (var file = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.ReadWrite))
        {
            // The last batch, and the marker behind it, as after a loss of power before the sync.
            RandomAccess.Write(file, new byte[300], segment.Bytes + 100);
            RandomAccess.Write(file, new byte[4096], segment.Bytes + 4096);
        }

        Open();
        Assert.Empty(_store.Damage);
        Assert.Equal([1, 2, 3, 4], await Read(maker));
        stream = Follow(maker, leader = new Leader(), out var held);
        Assert.Equal(4ul, held);
        await Send(stream, leader, last);
        Assert.Equal([1, 2, 3, 4, 5, 6], await Read(maker));
    }

    [Fact]
    public async Task Damage_in_the_middle_is_reported_and_the_rest_does_not_count_as_held()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        var at = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            await Send(stream, leader, maker.Next(2));
            at.Add(_store.Log.Segments[^1].Bytes);
        }

        var path = _store.Log.Segments[^1].Path;
        await _store.DisposeAsync();
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, "damage!!"u8, at[0] + 300);
        }

        Open();
        Assert.NotEmpty(_store.Damage);
        Assert.Equal([1, 2], await Read(maker));
        Follow(maker, leader, out var held);
        Assert.Equal(2ul, held);
    }

    [Fact]
    public async Task A_disk_that_fails_ends_the_streams_and_what_comes_after_leaves_no_gap()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        await Send(stream, leader, maker.Next(1));
        var (lost, after) = (maker.Next(1), maker.Next(1));
        using (_files.HoldSyncs())
        {
            _files.SyncError = FaultyFiles.BrokenDisk();
            await stream.AppendAsync(lost, 2);
            await stream.AppendAsync(after, 3);
        }

        Assert.Contains("cannot be written", (await leader.End)!.Message);
        _files.SyncError = null;
        stream = Follow(maker, leader = new Leader(), out var held);
        Assert.Equal(1ul, held);
        await Send(stream, leader, lost, after);
        await Reopen();
        Assert.Equal([1, 2, 3], await Read(maker));
    }

    [Fact]
    public async Task Who_sends_more_than_the_disk_takes_is_held_up()
    {
        var maker = new FrameMaker(1);
        var leader = new Leader();
        var stream = Follow(maker, leader, out _);
        ValueTask waiting = default;
        using (_files.HoldSyncs())
        {
            for (var i = 0; i < 1_000 && waiting.IsCompleted; i++)
            {
                waiting = stream.AppendAsync(maker.Next(4, 1_000), i);
            }

            Assert.False(waiting.IsCompleted);
            Assert.InRange(maker.Bytes, 256 << 10, 300 << 10);
        }

        await waiting;
        await leader.Held(maker.Sequence);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private void Open() => _store = FollowerStore.Open(
        new FollowerStoreOptions { Folder = _folder, SegmentBytes = 64 << 10, PendingBytesMax = 256 << 10, Files = _files }, _time, NullLogger.Instance);

    private async Task Reopen()
    {
        await _store.DisposeAsync();
        Open();
    }

    private IFollowedSession Follow(FrameMaker maker, Leader leader, out ulong held, ulong uploaded = 0)
    {
        var stream = _store.Follow(maker.Hello(uploaded), leader, out held, out _);
        Assert.NotNull(stream);
        return stream;
    }

    private static async Task Send(IFollowedSession stream, Leader leader, params Frame[] frames)
    {
        foreach (var frame in frames)
        {
            await stream.AppendAsync(frame, 10);
        }

        await leader.Held(frames[^1].Last);
    }

    private async Task<(ulong First, ulong Last)> Sealed(FrameMaker maker)
    {
        var reply = await _store.SealAsync(maker.Session, 7, default);
        return (reply.First, reply.Last);
    }

    private async Task<List<int>> Read(FrameMaker maker)
    {
        var found = new List<int>();
        await foreach (var frame in _store.ReadFramesAsync(maker.Session, 1, default))
        {
            found.AddRange(FrameReader.Read(frame).Select(record => (int)record.Sequence));
        }

        return found;
    }

    /// <summary>What a follower has said.</summary>
    private sealed class Leader : IFollowerEvents
    {
        private readonly TaskCompletionSource<Exception?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<int> _refusal = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public (ulong Held, long SentAt) Last { get; private set; }

        public Task<Exception?> End => _end.Task;

        public Task<int> Refusal => _refusal.Task;

        public async Task Held(ulong sequence)
        {
            while (true)
            {
                Task changed;
                lock (_gate)
                {
                    if (Last.Held >= sequence)
                    {
                        return;
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(TimeSpan.FromSeconds(60));
            }
        }

        public void Acknowledged(ulong held, long sentAt)
        {
            lock (_gate)
            {
                Last = (held, sentAt);
                _changed.SetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void Refused(int recoveryEpoch) => _refusal.TrySetResult(recoveryEpoch);

        public void Ended(Exception? cause) => _end.TrySetResult(cause);
    }
}
