using Google.Protobuf;
using Grpc.Core;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>The leader's end of one stream: sends frames, and reads acknowledgements in a loop of its own, which <see cref="DisposeAsync"/> ends.</summary>
internal sealed class FollowerCall(
    AsyncDuplexStreamingCall<FromLeader, FromFollower> call, CancellationTokenSource stop, IFollowerEvents events, Func<Exception, PeerUnreachableException> translate)
    : IFollowerStream
{
    private readonly SemaphoreSlim _gate = new(1);

    // Sent again and again; the gate guards them.
    private readonly FromLeader _frame = new() { Frame = new() };
    private readonly FromLeader _heartbeat = new() { Heartbeat = new() };
    private readonly TaskCompletionSource _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task _reading = Task.CompletedTask;
    private volatile PeerUnreachableException? _ended;
    private int _disposed;

    /// <inheritdoc/>
    public ulong Held { get; private set; }

    /// <summary>Begins to read; completes when the follower has answered the hello, be it with a refusal.</summary>
    public Task OpenAsync(ulong uploadedTo)
    {
        _reading = ReadAsync(uploadedTo);
        return _welcomed.Task;
    }

    /// <summary>Why the call has failed whose other half has thrown <paramref name="e"/>.</summary>
    public async Task<Exception> CauseAsync(Exception e)
    {
        try
        {
            if (_reading == Task.CompletedTask)
            {
                await call.ResponseStream.MoveNext(stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception cause) when (PeerFailure.IsOne(cause))
        {
            return cause;
        }

        return e;
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel)
    {
        if (frame.Body.Length > RelayLimits.FrameBytesMax)
        {
            throw new ArgumentException($"A frame has {frame.Body.Length} bytes; at most {RelayLimits.FrameBytesMax} are accepted.", nameof(frame));
        }

        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var parts = FrameParts.Count(frame);
            for (var i = 0; i < parts; i++)
            {
                FrameParts.Fill(_frame.Frame, frame, sentAt, i);
                await WriteAsync(_frame, cancel).ConfigureAwait(false);
            }
        }
        finally
        {
            _frame.Frame.Data = ByteString.Empty;
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            _heartbeat.Heartbeat.SentAt = sentAt;
            _heartbeat.Heartbeat.Confirmed = confirmed;
            _heartbeat.Heartbeat.Uploaded = uploaded;
            await WriteAsync(_heartbeat, cancel).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        // The follower hears of an orderly end by the end of the requests; a frame on its way is lost with the call, and
        // the next stream begins where the follower says.
        if (_ended is null && await _gate.WaitAsync(TimeSpan.Zero).ConfigureAwait(false))
        {
            try
            {
                await call.RequestStream.CompleteAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (PeerFailure.IsOne(e))
            {
                // It has ended from the other side meanwhile.
            }
            finally
            {
                _gate.Release();
            }
        }

        await stop.CancelAsync().ConfigureAwait(false);
        call.Dispose();
        await _reading.ConfigureAwait(false);
        stop.Dispose();
    }

    private async ValueTask WriteAsync(FromLeader message, CancellationToken cancel)
    {
        if (_ended is { } ended)
        {
            throw new PeerUnreachableException(ended.Message, ended) { Refused = ended.Refused };
        }

        try
        {
            // A cancelled write breaks the stream, for part of the message may be out.
            await call.RequestStream.WriteAsync(message, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            throw cancel.IsCancellationRequested ? new OperationCanceledException(e.Message, e, cancel) : _ended ?? translate(e);
        }
    }

    // 1. The answer to the hello: how much is held, or that the session is sealed.
    // 2. Acknowledgements, until either side ends the stream.
    // 3. The end, once, unless the hello was not answered: that is told by ConnectAsync.
    private async Task ReadAsync(ulong uploadedTo)
    {
        Exception? cause = null;
        try
        {
            while (await call.ResponseStream.MoveNext(stop.Token).ConfigureAwait(false))
            {
                Take(call.ResponseStream.Current, uploadedTo);
            }
        }
        catch (Exception e)
        {
            cause = !PeerFailure.IsOne(e) ? e : stop.IsCancellationRequested ? null : translate(e);
            if (_welcomed.TrySetException(e))
            {
                _ended ??= cause as PeerUnreachableException;
                return;
            }
        }

        _ended ??= cause as PeerUnreachableException ?? new PeerUnreachableException("The stream to the follower has ended.", cause);
        if (!_welcomed.TrySetException(_ended))
        {
            events.Ended(cause);
        }
    }

    private void Take(FromFollower message, ulong uploadedTo)
    {
        switch (message.KindCase)
        {
            case FromFollower.KindOneofCase.Welcome:
                Held = Math.Max(message.Welcome.Held, uploadedTo);
                _welcomed.TrySetResult();
                break;
            case FromFollower.KindOneofCase.Ack when _welcomed.Task.IsCompleted:
                events.Acknowledged(message.Ack.Held, message.Ack.SentAt);
                break;
            case FromFollower.KindOneofCase.Refused:
                _ended = new PeerUnreachableException($"The follower has sealed the session in recovery epoch {message.Refused.RecoveryEpoch}.");
                events.Refused(message.Refused.RecoveryEpoch);
                _welcomed.TrySetResult();
                break;
            default:
                throw new InvalidDataException($"the follower sent {message.KindCase} where that cannot be");
        }
    }
}
