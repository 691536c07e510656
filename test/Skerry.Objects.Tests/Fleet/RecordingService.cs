using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>The far end of the transport: keeps what it is told, and answers what the test wants.</summary>
internal sealed class RecordingService : IRelayService
{
    public NodeId Id { get; set; } = new(1);

    public List<string> Calls { get; } = [];

    public List<Frame> Frames { get; } = [];

    public ulong Held { get; set; }

    /// <summary>The epoch in which the session is sealed, if it is.</summary>
    public int? SealedBy { get; set; }

    public FollowHello Hello { get; private set; }

    public Exception? Failure { get; set; }

    public TaskCompletionSource<RecordingFollower> Followed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets a call wait until the test lets it go on.</summary>
    public Task Until { get; set; } = Task.CompletedTask;

    public bool Is(NodeId node) => node == Id;

    public IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy)
    {
        Hello = hello;
        held = Held;
        sealedBy = SealedBy ?? 0;
        if (SealedBy is not null)
        {
            return null;
        }

        var follower = new RecordingFollower(leader);
        Followed.TrySetResult(follower);
        return follower;
    }

    public async Task<SealReply> SealAsync(SessionId session, int recoveryEpoch, CancellationToken cancel)
    {
        Calls.Add($"seal {session} {recoveryEpoch}");
        await Until.WaitAsync(cancel);
        return Failure is null ? new(5, 9, TimeSpan.FromMilliseconds(812)) : throw Failure;
    }

    public async IAsyncEnumerable<Frame> ReadFramesAsync(SessionId session, ulong from, [EnumeratorCancellation] CancellationToken cancel)
    {
        Calls.Add($"read {session} {from}");
        foreach (var frame in Frames)
        {
            await Task.Yield();
            yield return frame;
        }

        if (Failure is not null)
        {
            throw Failure;
        }
    }

    public Task ForgetAsync(SessionId session, CancellationToken cancel)
    {
        Calls.Add($"forget {session}");
        return Task.CompletedTask;
    }

    public Task<ReleaseReply> ReleaseAsync(SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel)
    {
        Calls.Add($"release {ownerSession} {key} {to}");
        return Task.FromResult(ReleaseReply.NotOwner);
    }

    public Task<IReadOnlyList<NodeInfo>> GreetAsync(NodeInfo caller, CancellationToken cancel)
    {
        Calls.Add($"greet {caller}");
        return Task.FromResult<IReadOnlyList<NodeInfo>>([caller, caller with { Name = "é" }]);
    }
}

/// <summary>The follower's end of a stream.</summary>
internal sealed class RecordingFollower(IFollowerEvents leader) : IFollowedSession
{
    private readonly Channel<(Frame Frame, long SentAt)> _frames = Channel.CreateUnbounded<(Frame, long)>();

    public IFollowerEvents Leader { get; } = leader;

    public ChannelReader<(Frame Frame, long SentAt)> Frames => _frames.Reader;

    public ConcurrentQueue<(long SentAt, ulong Confirmed, ulong Uploaded)> Heartbeats { get; } = [];

    /// <summary>Acknowledges each frame and heartbeat at once.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>Every append waits for it.</summary>
    public Task Room { get; set; } = Task.CompletedTask;

    public Exception? Failure { get; set; }

    public TaskCompletionSource HasEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask AppendAsync(Frame frame, long sentAt)
    {
        await _frames.Writer.WriteAsync((frame, sentAt));
        if (Failure is not null)
        {
            throw Failure;
        }

        await Room;
        if (Acknowledges)
        {
            Leader.Acknowledged(frame.Last, sentAt);
        }
    }

    public void Heartbeat(long sentAt, ulong confirmed, ulong uploaded)
    {
        Heartbeats.Enqueue((sentAt, confirmed, uploaded));
        Leader.Acknowledged(0, sentAt);
    }

    public void Ended() => HasEnded.SetResult();
}

/// <summary>What a leader hears of its follower.</summary>
internal sealed class RecordingEvents : IFollowerEvents
{
    private readonly Channel<(ulong Held, long SentAt)> _acks = Channel.CreateUnbounded<(ulong, long)>();

    public ChannelReader<(ulong Held, long SentAt)> Acks => _acks.Reader;

    public TaskCompletionSource<int> WasRefused { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<Exception?> HasEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The leader reads nothing before it is set; null if it reads at once.</summary>
    public ManualResetEventSlim? Reading { get; init; }

    public void Acknowledged(ulong held, long sentAt)
    {
        Reading?.Wait();
        _acks.Writer.TryWrite((held, sentAt));
    }

    public void Refused(int recoveryEpoch) => WasRefused.SetResult(recoveryEpoch);

    public void Ended(Exception? cause) => HasEnded.SetResult(cause);
}
