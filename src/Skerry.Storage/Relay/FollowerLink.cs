using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay;

/// <summary>
/// Keeps a stream to one follower open, and sends it every frame from where it stands:
/// <list type="number">
/// <item>Connect; the follower says what it holds.</item>
/// <item>Send what follows: from the ring if it is there, else from the spool.</item>
/// <item>Stop while the window of unacknowledged bytes is full. Send a heartbeat whenever nothing else was sent for a
/// while, or something has come into the bucket.</item>
/// <item>When the stream ends, or the follower is silent, begin again after a pause that grows.</item>
/// </list>
/// A link waits for nobody but its follower, and holds no more memory than the frame that it sends.
/// </summary>
internal sealed class FollowerLink : IAsyncDisposable
{
    private readonly ILinkSource _source;
    private readonly ReplicatorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PumpSignal _signal = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _beat;
    private readonly Task _running;
    private LinkConnection? _connection;

    public FollowerLink(NodeInfo node, ILinkSource source, ReplicatorOptions options, Backoff backoff, TimeProvider time, ILogger logger)
    {
        Node = node;
        _source = source;
        _options = options;
        _time = time;
        _logger = logger;
        _beat = time.CreateTimer(static link => ((FollowerLink)link!).Beat(), this, options.HeartbeatEvery, options.HeartbeatEvery);
        _running = Task.Run(() => RunAsync(backoff));
    }

    public NodeInfo Node { get; }

    /// <summary>There is a new frame. Sends it on this thread, if nothing else is on its way.</summary>
    public void FrameAdded() => _signal.Set(inline: true);

    /// <summary>Something has come into the bucket.</summary>
    public void Uploaded() => _signal.Set(inline: false);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _signal.Set(inline: false);
        await _running.ConfigureAwait(false);
        await _beat.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Beat()
    {
        if (Volatile.Read(ref _connection) is { } connection && _time.GetElapsedTime(connection.HeardAt) > _options.SilenceMax)
        {
            // A send may be stuck as well: only the connection's end frees it.
            connection.GiveUp();
        }

        _signal.Set(inline: false);
    }

    private async Task RunAsync(Backoff backoff)
    {
        while (!_stop.IsCancellationRequested)
        {
            using var connection = new LinkConnection(this, _source, _signal, _time.GetTimestamp(), _stop.Token);
            Volatile.Write(ref _connection, connection);
            try
            {
                await using var stream = await _source.ConnectAsync(Node, connection, connection.Token).ConfigureAwait(false);
                connection.Opened(stream.Held, _time.GetTimestamp());
                backoff.Reset();
                await SendAsync(connection, stream).ConfigureAwait(false);
            }
            catch (Exception error) when (error is StorageException or OperationCanceledException)
            {
                // An unreachable peer is the peer's matter; the leader goes by what followers say.
                ReplicatorMessages.LinkEnded(_logger, Node.Name, error);
            }

            Volatile.Write(ref _connection, null);
            connection.Close();
            _source.Post(new LinkEvent(LinkEventKind.Down, this, 0, 0, 0));
            try
            {
                await backoff.PauseAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    private async Task SendAsync(LinkConnection connection, IFollowerStream stream)
    {
        var next = connection.Held + 1;
        var uploaded = _source.UploadedTo;
        var sentAt = _time.GetTimestamp();
        await stream.HeartbeatAsync(sentAt, _source.Confirmed, uploaded, connection.Token).ConfigureAwait(false);
        while (!connection.Token.IsCancellationRequested && !connection.IsEnded)
        {
            var hasRoom = connection.Unacknowledged < _options.WindowBytes;
            if (hasRoom && _source.Ring.Find(next) is { } frame)
            {
                try
                {
                    sentAt = _time.GetTimestamp();
                    connection.Sending(frame.Frame);
                    next = frame.Frame.Last + 1;
                    await stream.SendAsync(frame.Frame, sentAt, connection.Token).ConfigureAwait(false);
                }
                finally
                {
                    frame.Release();
                }
            }
            else if (hasRoom && next <= _source.Appended)
            {
                next = await CatchUpAsync(connection, stream, next).ConfigureAwait(false);
                sentAt = _time.GetTimestamp();
            }
            else if (_source.UploadedTo != uploaded || _time.GetElapsedTime(sentAt) >= _options.HeartbeatEvery * 0.9)
            {
                uploaded = _source.UploadedTo;
                sentAt = _time.GetTimestamp();
                await stream.HeartbeatAsync(sentAt, _source.Confirmed, uploaded, connection.Token).ConfigureAwait(false);
            }
            else
            {
                await _signal.WaitAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Sends frames from the spool until the window is full or the ring has the next one.</summary>
    /// <returns>The record that comes next.</returns>
    private async Task<ulong> CatchUpAsync(LinkConnection connection, IFollowerStream stream, ulong next)
    {
        using var frames = _source.ReadFrames(next).GetEnumerator();

        // The writer's thread may be here, and must not wait for the disk.
        while (await Task.Run(frames.MoveNext, connection.Token).ConfigureAwait(false))
        {
            var frame = frames.Current;
            connection.Sending(frame);
            await stream.SendAsync(frame, _time.GetTimestamp(), connection.Token).ConfigureAwait(false);
            next = frame.Last + 1;
            if (connection.Unacknowledged >= _options.WindowBytes || connection.IsEnded)
            {
                break;
            }

            if (_source.Ring.Find(next) is { } recent)
            {
                recent.Release();
                break;
            }
        }

        return next;
    }
}
