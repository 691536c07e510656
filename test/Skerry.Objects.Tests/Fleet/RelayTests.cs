using System.Net;
using System.Net.Sockets;
using Skerry.Storage;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>The transport between nodes over a real web server, HTTP/2 and TLS on loopback.</summary>
public sealed class RelayTests : IDisposable
{
    private static readonly SessionId Session = new(0x1234);
    private static readonly NodeInfo Leader = new(new(7), Session, "a", "north", "127.0.0.1:1");

    private readonly NodeCertificates _certificates = TestCertificates.FromNewKey();
    private readonly RecordingService _service = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_node_does_not_answer_for_another_one_that_was_there_before()
    {
        // Its data folder was replaced: it has neither the frames nor the seals that the caller means.
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var before = node.Info with { Id = new(99) };
        Func<Task>[] calls =
        [
            () => node.Transport.ConnectAsync(before, new(Leader, 3), new RecordingEvents(), Cancel),
            () => node.Transport.SealAsync(before, Session, 6, Cancel),
            () => node.Transport.ForgetAsync(before, Session, Cancel),
            () => node.Transport.ReleaseAsync(before, Session, new("n", default), new(9), Cancel),
            async () => await node.Transport.ReadFramesAsync(before, Session, 1, Cancel).GetAsyncEnumerator(Cancel).MoveNextAsync(),
        ];
        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<PeerUnreachableException>(call);
            Assert.Contains($"is not node {before.Id}", error.Message);
            Assert.False(error.Refused);
        }

        Assert.Empty(_service.Calls);
        Assert.False(_service.Followed.Task.IsCompleted);
        Assert.Equal(2, (await node.Transport.GreetAsync(node.Address, Leader, Cancel)).Count);
    }

    [Fact]
    public async Task Damage_at_a_follower_is_told_as_damage_after_what_is_whole()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        _service.Frames.Add(new Frame(1, 2, 3, 4, 4096, new byte[100]));
        _service.Failure = new StorageDamagedException("00000004.log", 7, "the record does not match its checksum");
        await using var frames = node.Transport.ReadFramesAsync(node.Info, Session, 1, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await frames.MoveNextAsync());
        var error = await Assert.ThrowsAsync<StorageDamagedException>(async () => await frames.MoveNextAsync());
        Assert.Contains("00000004.log is damaged at byte 7", error.Message);
        Assert.Contains(node.Info.Name, error.Path);
    }

    [Fact]
    public async Task Frames_arrive_whole_and_in_order_and_acknowledgements_come_back()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        _service.Held = 4;
        var events = new RecordingEvents();
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 3), events, Cancel);
        Assert.Equal(4UL, stream.Held);
        Assert.Equal(new FollowHello(Leader, 3), _service.Hello);
        var follower = await _service.Followed.Task;

        // Lengths around the limit of a message, and several messages long.
        int[] lengths = [0, 1, 70_000, RelayLimits.PartBytesMax - 1, RelayLimits.PartBytesMax, RelayLimits.PartBytesMax + 1, (3 * RelayLimits.PartBytesMax) + 5];
        var random = new Random(1);
        ulong next = 5;
        foreach (var length in lengths)
        {
            var body = new byte[length];
            random.NextBytes(body);
            var frame = new Frame(next, next + 2, ulong.MaxValue - 1, 3, 4096, body);
            await stream.SendAsync(frame, -(long)next, Cancel);
            var (arrived, sentAt) = await follower.Frames.ReadAsync(Cancel);
            Assert.Equal(body, arrived.Body.ToArray());
            Assert.Equal(frame with { Body = default }, arrived with { Body = default });
            Assert.Equal(-(long)next, sentAt);
            next += 3;
        }

        await stream.HeartbeatAsync(long.MaxValue, 11, 9, Cancel);
        (ulong Held, long SentAt) last;
        do
        {
            last = await events.Acks.ReadAsync(Cancel);
        }
        while (last.SentAt != long.MaxValue);

        Assert.Equal(next - 1, last.Held);
        Assert.Equal((long.MaxValue, 11UL, 9UL), Assert.Single(follower.Heartbeats));
    }

    [Fact]
    public async Task Acknowledgements_that_gather_become_one_with_the_greatest_of_each()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        using var reading = new ManualResetEventSlim();
        var events = new RecordingEvents { Reading = reading };
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), events, Cancel);
        var follower = await _service.Followed.Task;

        // The leader does not read: what the sockets do not take gathers, and whoever acknowledges waits for nothing.
        const int many = 400_000;
        for (var i = 1; i <= many; i++)
        {
            follower.Leader.Acknowledged((ulong)i, i);
        }

        // A heartbeat is acknowledged before an older frame is durable.
        follower.Leader.Acknowledged(many + 1, 5);
        reading.Set();
        var (messages, held, sentAt) = (0, 0UL, 0L);
        while (held <= many)
        {
            var ack = await events.Acks.ReadAsync(Cancel);
            Assert.True(ack.Held >= held && ack.SentAt >= sentAt);
            (messages, held, sentAt) = (messages + 1, ack.Held, ack.SentAt);
        }

        Assert.Equal(many, sentAt);
        Assert.InRange(messages, 1, many / 2);
    }

    [Fact]
    public async Task A_follower_without_room_holds_the_leader_up_in_bounded_memory()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), new RecordingEvents(), Cancel);
        var follower = await _service.Followed.Task;
        var room = new TaskCompletionSource();
        follower.Room = room.Task;
        var body = new byte[RelayLimits.PartBytesMax];
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < 256; sent++)
            {
                await stream.SendAsync(new((ulong)sent + 1, (ulong)sent + 1, 0, 0, 0, body), 0, Cancel);
            }
        }, Cancel);

        // The windows of HTTP/2 and the sockets' buffers take some; what they take does not grow, or all would go.
        await follower.Frames.ReadAsync(Cancel);
        Assert.False(follower.Frames.TryRead(out _));
        var seen = -1;
        while (seen != Volatile.Read(ref sent))
        {
            seen = Volatile.Read(ref sent);
            await Task.Delay(300, Cancel);
        }

        Assert.InRange(seen, 1, 64);
        Assert.False(sending.IsCompleted);
        Assert.False(follower.Frames.TryRead(out _));
        room.SetResult();
        await sending;
        for (var i = 2; i <= 256; i++)
        {
            Assert.Equal((ulong)i, (await follower.Frames.ReadAsync(Cancel)).Frame.First);
        }
    }

    [Fact]
    public async Task What_may_have_to_wait_for_a_follower_is_sent_by_no_thread_of_the_pool()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), new RecordingEvents(), Cancel);
        var follower = await _service.Followed.Task;

        // More than is written by whoever has it. Twice, for the second must find the thread of the first.
        for (ulong i = 1; i <= 2; i++)
        {
            using var body = new WatchedBody(RelayLimits.PartBytesMax);
            await stream.SendAsync(new(i, i, 0, 0, 0, body.Memory), 0, Cancel);
            Assert.Equal(i, (await follower.Frames.ReadAsync(Cancel)).Frame.First);
            Assert.Equal([false], body.ReadByPool.Distinct());
        }
    }

    [Fact]
    public async Task A_sealed_session_is_refused_at_the_hello()
    {
        _service.SealedBy = 3;
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var events = new RecordingEvents();
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), events, Cancel);
        Assert.Equal(3, await events.WasRefused.Task);
        Assert.Null(await events.HasEnded.Task);
        await Assert.ThrowsAsync<PeerUnreachableException>(async () => await stream.SendAsync(new(1, 1, 0, 0, 0, new byte[8]), 0, Cancel));
    }

    [Fact]
    public async Task A_session_that_is_sealed_while_it_streams_is_refused()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var events = new RecordingEvents();
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), events, Cancel);
        var follower = await _service.Followed.Task;
        follower.Leader.Refused(8);
        Assert.Equal(8, await events.WasRefused.Task);
        Assert.Null(await events.HasEnded.Task);
        await follower.HasEnded.Task;
    }

    [Fact]
    public async Task Both_ends_hear_of_a_stream_that_the_leader_ends()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var events = new RecordingEvents();
        var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), events, Cancel);
        var follower = await _service.Followed.Task;
        await stream.DisposeAsync();
        Assert.Null(await events.HasEnded.Task);
        await follower.HasEnded.Task;
        await Assert.ThrowsAsync<PeerUnreachableException>(async () => await stream.HeartbeatAsync(0, 0, 0, Cancel));
        await stream.DisposeAsync();
        Assert.Empty(node.Log.All);
    }

    [Fact]
    public async Task Both_ends_hear_of_a_stream_that_ends_with_the_followers_process()
    {
        var node = await RelayNode.StartAsync(_service, _certificates);
        using var transport = new RelayTransport(_certificates, new("c1", "a"), TimeProvider.System);
        var events = new RecordingEvents();
        await using var stream = await transport.ConnectAsync(node.Info, new(Leader, 0), events, Cancel);
        var follower = await _service.Followed.Task;
        await node.DisposeAsync();
        Assert.IsType<PeerUnreachableException>(await events.HasEnded.Task);
        await follower.HasEnded.Task;

        // Nobody listens there now, and that shows at once.
        var gone = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.ConnectAsync(node.Info, new(Leader, 0), new RecordingEvents(), Cancel));
        Assert.True(gone.Refused);
        Assert.Contains(node.Address, gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_follower_whose_disk_fails_ends_the_stream_with_its_reason()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var events = new RecordingEvents();
        await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), events, Cancel);
        var follower = await _service.Followed.Task;
        follower.Failure = new StorageException("The disk is full.");
        await stream.SendAsync(new(1, 1, 0, 0, 0, new byte[8]), 0, Cancel);
        var cause = await events.HasEnded.Task;
        Assert.Contains("The disk is full.", Assert.IsType<PeerUnreachableException>(cause).Message, StringComparison.Ordinal);
        await follower.HasEnded.Task;
    }

    [Fact]
    public async Task Every_call_reaches_the_service_with_what_it_was_given()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var key = new ObjectKey("flights", new Id256(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray()));
        SessionId to = new(UInt128.MaxValue);
        Assert.Equal(new SealReply(5, 9, TimeSpan.FromMilliseconds(812)), await node.Transport.SealAsync(node.Info, Session, 6, Cancel));
        await node.Transport.ForgetAsync(node.Info, Session, Cancel);
        Assert.Equal(ReleaseReply.NotOwner, await node.Transport.ReleaseAsync(node.Info, Session, key, to, Cancel));
        Assert.Equal([Leader, Leader with { Name = "é" }], await node.Transport.GreetAsync(node.Address, Leader, Cancel));
        Assert.Equal(
            [$"seal {Session} 6", $"forget {Session}", $"release {Session} {key} {to}", $"greet {Leader}"],
            _service.Calls);
    }

    [Fact]
    public async Task Frames_are_read_back_whole()
    {
        var random = new Random(2);
        foreach (var length in new[] { 8, 3_000_000, RelayLimits.PartBytesMax, 16 })
        {
            var body = new byte[length];
            random.NextBytes(body);
            _service.Frames.Add(new((ulong)_service.Frames.Count + 1, (ulong)_service.Frames.Count + 1, 9, 1, 64, body));
        }

        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var read = await node.Transport.ReadFramesAsync(node.Info, Session, 1, Cancel).ToListAsync(Cancel);
        Assert.Equal(_service.Frames.Select(one => one.First), read.Select(one => one.First));
        Assert.All(read.Zip(_service.Frames), pair => Assert.True(pair.First.Body.Span.SequenceEqual(pair.Second.Body.Span)));
        Assert.Equal([$"read {Session} 1"], _service.Calls);
    }

    [Fact]
    public async Task Damage_that_is_found_while_frames_are_read_is_named()
    {
        _service.Frames.Add(new(1, 1, 9, 1, 64, new byte[8]));
        _service.Failure = new StorageDamagedException("segment", 77, "a checksum is wrong");
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var read = 0;
        var e = await Assert.ThrowsAsync<StorageDamagedException>(async () =>
        {
            await foreach (var frame in node.Transport.ReadFramesAsync(node.Info, Session, 1, Cancel))
            {
                read++;
            }
        });
        Assert.Equal(1, read);
        Assert.Contains("segment", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_in_time_is_unreachable_and_a_caller_that_gives_up_is_not_told_so()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        using var impatient = new RelayTransport(
            _certificates, new("c1", "a"), TimeProvider.System, new() { AnswerTimeout = TimeSpan.FromMilliseconds(200) });
        var never = new TaskCompletionSource();
        _service.Until = never.Task;
        var late = await Assert.ThrowsAsync<PeerUnreachableException>(() => impatient.SealAsync(node.Info, Session, 1, Cancel));
        Assert.False(late.Refused);
        Assert.Contains("0.2 s", late.Message, StringComparison.Ordinal);

        using var give = new CancellationTokenSource();
        var call = node.Transport.SealAsync(node.Info, Session, 1, give.Token);
        await give.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task A_peer_that_accepts_and_says_nothing_is_unreachable()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = silent.LocalEndpoint.ToString()!;
        using var transport = new RelayTransport(_certificates, new("c1", "a"), TimeProvider.System, new() { ConnectTimeout = TimeSpan.FromMilliseconds(200) });
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.GreetAsync(address, Leader, Cancel));
        Assert.False(e.Refused);
        Assert.Contains(address, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("a b:1")]
    [InlineData("127.0.0.1:99999")]
    public async Task An_address_that_is_none_is_unreachable(string address)
    {
        using var transport = new RelayTransport(_certificates, new("c1", "a"), TimeProvider.System);
        await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.GreetAsync(address, Leader, Cancel));
    }

    [Fact]
    public async Task Another_clusters_node_is_refused_on_both_sides()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        using var transport = new RelayTransport(_certificates, new("c2", "a"), TimeProvider.System);
        var greeting = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.GreetAsync(node.Address, Leader, Cancel));
        var connecting = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.ConnectAsync(node.Info, new(Leader, 0), new RecordingEvents(), Cancel));
        foreach (var e in new[] { greeting, connecting })
        {
            Assert.Contains("two clusters", e.Message, StringComparison.Ordinal);
            Assert.Contains("bucket.url", e.Message, StringComparison.Ordinal);
            Assert.Contains("a of c2", e.Message, StringComparison.Ordinal);
        }

        Assert.Empty(_service.Calls);
        Assert.False(_service.Followed.Task.IsCompleted);

        // Told once, however often it tries.
        Assert.Contains("two clusters", Assert.Single(node.Log.All), StringComparison.Ordinal);
    }
}
