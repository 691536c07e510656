using Grpc.Core;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>
/// The follower's end of one stream. One loop reads what the leader sends, and stands still while the follower has no
/// room; another writes acknowledgements, and as many as have gathered while one was written become one.
/// </summary>
internal sealed class LeaderConnection(IServerStreamWriter<FromFollower> answers, CancellationTokenSource stop) : IFollowerEvents
{
    private readonly Lock _state = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly FromFollower _ack = new() { Ack = new() };

    private Task _writing = Task.CompletedTask;
    private bool _told;
    private bool _acknowledged;
    private ulong _held;
    private long _sentAt = long.MinValue;
    private int? _refusedBy;
    private bool _ended;
    private Exception? _cause;

    /// <summary>
    /// Serves the leader until either side ends the stream.
    /// 1. Give the hello to the follower and answer it.
    /// 2. Read frames and heartbeats; write acknowledgements.
    /// 3. Tell the follower that the stream has ended, once nothing of it is under way any more.
    /// </summary>
    public async Task RunAsync(IRelayService service, FollowHello hello, IAsyncStreamReader<FromLeader> leader)
    {
        // 1.
        var followed = service.Follow(hello, this, out var held, out var sealedBy);
        if (followed is null)
        {
            await answers.WriteAsync(new() { Refused = new() { RecoveryEpoch = sealedBy } }, stop.Token).ConfigureAwait(false);
            return;
        }

        try
        {
            await answers.WriteAsync(new() { Welcome = new() { Held = held } }, stop.Token).ConfigureAwait(false);

            // 2.
            _writing = WriteAsync();
            await ReadAsync(leader, followed).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_refusedBy is not null || _ended)
        {
            // The follower has ended it, and WriteAsync has said so.
        }
        finally
        {
            // 3.
            await stop.CancelAsync().ConfigureAwait(false);
            await _writing.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
            followed.Ended();
        }

        if (_cause is { } cause)
        {
            throw cause as StorageException ?? new StorageException($"The follower has ended the stream: {cause.Message}", cause);
        }
    }

    /// <inheritdoc/>
    public void Acknowledged(ulong held, long sentAt)
    {
        lock (_state)
        {
            _acknowledged = true;
            _held = Math.Max(_held, held);
            _sentAt = Math.Max(_sentAt, sentAt);
            Tell();
        }
    }

    /// <inheritdoc/>
    public void Refused(int recoveryEpoch)
    {
        lock (_state)
        {
            _refusedBy ??= recoveryEpoch;
            Tell();
        }
    }

    /// <inheritdoc/>
    public void Ended(Exception? cause)
    {
        lock (_state)
        {
            _ended = true;
            _cause ??= cause;
            Tell();
        }
    }

    private static async Task ReadAsync(IAsyncStreamReader<FromLeader> leader, IFollowedSession followed, CancellationToken cancel)
    {
        var frames = new FrameAssembly();
        while (await leader.MoveNext(cancel).ConfigureAwait(false))
        {
            var message = leader.Current;
            switch (message.KindCase)
            {
                case FromLeader.KindOneofCase.Frame:
                    if (frames.Add(message.Frame, out var frame, out var sentAt))
                    {
                        await followed.AppendAsync(frame, sentAt).ConfigureAwait(false);
                    }

                    break;
                case FromLeader.KindOneofCase.Heartbeat when !frames.IsOpen:
                    followed.Heartbeat(message.Heartbeat.SentAt, message.Heartbeat.Confirmed, message.Heartbeat.Uploaded);
                    break;
                default:
                    throw new InvalidDataException($"The leader sent {message.KindCase} where that cannot be.");
            }
        }
    }

    private Task ReadAsync(IAsyncStreamReader<FromLeader> leader, IFollowedSession followed) => ReadAsync(leader, followed, stop.Token);

    // Under the lock.
    private void Tell()
    {
        if (!_told)
        {
            _told = true;
            _news.Release();
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                await _news.WaitAsync(stop.Token).ConfigureAwait(false);
                bool acknowledged, ended;
                int? refusedBy;
                lock (_state)
                {
                    _told = false;
                    (acknowledged, _acknowledged) = (_acknowledged, false);
                    _ack.Ack.Held = _held;
                    _ack.Ack.SentAt = _sentAt;
                    refusedBy = _refusedBy;
                    ended = _ended;
                }

                if (refusedBy is { } epoch)
                {
                    await answers.WriteAsync(new() { Refused = new() { RecoveryEpoch = epoch } }, stop.Token).ConfigureAwait(false);
                    return;
                }

                if (acknowledged)
                {
                    await answers.WriteAsync(_ack, stop.Token).ConfigureAwait(false);
                }

                if (ended)
                {
                    return;
                }
            }
        }
        finally
        {
            // Reading stops with writing: a leader that cannot be answered is of no use.
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }
}
