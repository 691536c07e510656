using System.Net.Sockets;
using Google.Protobuf;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Grpc.Wire;
using Skerry.Storage.Relay.Security;

namespace Skerry.Storage.Relay.Streams;

/// <summary>
/// The leader's end of one stream. A thread of its own connects and then reads acknowledgements until either side ends the
/// stream. Frames are sent by whoever has them, unless that could take long: then by a second thread.
/// </summary>
internal sealed class FollowerStream : IFollowerStream
{
    // More is not written by the caller: it has other followers to send to.
    private const int InlineBytesMax = 128 << 10;

    private readonly NodeInfo _follower;
    private readonly NodeCertificates _certificates;
    private readonly RelayIdentity _identity;
    private readonly FollowHello _hello;
    private readonly IFollowerEvents _events;
    private readonly Func<Exception, PeerUnreachableException> _translate;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sending = new();
    private readonly Lock _closing = new();
    private readonly PatientThread _patient;

    // Sent again and again; the lock guards them.
    private readonly FromLeader _frame = new() { Frame = new() };
    private readonly FromLeader _heartbeat = new() { Heartbeat = new() };
    private Socket? _socket;
    private StreamConnection? _connection;
    private PeerUnreachableException? _ended;
    private bool _closed;
    private bool _refused;

    /// <summary>Makes the stream; <see cref="OpenAsync"/> connects it.</summary>
    public FollowerStream(
        NodeInfo follower, FollowHello hello, IFollowerEvents events, NodeCertificates certificates, RelayIdentity identity, Func<Exception, PeerUnreachableException> translate)
    {
        _follower = follower;
        _hello = hello;
        _events = events;
        _certificates = certificates;
        _identity = identity;
        _translate = translate;
        _patient = new PatientThread($"skerry slowly to {follower.Name}");
    }

    /// <inheritdoc/>
    public ulong Held { get; private set; }

    /// <summary>Completes when there is a connection with a node of this cluster at its other end.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Connects; completes when the follower has answered the hello, be it with a refusal.</summary>
    public Task OpenAsync()
    {
        try
        {
            new Thread(Run, 512 << 10) { IsBackground = true, Name = $"skerry to {_follower.Name}" }.Start();
        }
        catch (OutOfMemoryException e)
        {
            var failure = new IOException("no thread can be started", e);
            _connected.TrySetException(failure);
            _welcomed.TrySetException(failure);
            _finished.TrySetResult();
        }

        return _welcomed.Task;
    }

    /// <summary>Ends the stream at once.</summary>
    public void Close()
    {
        lock (_closing)
        {
            Volatile.Write(ref _closed, true);
            _socket?.Dispose();
        }

        // A name server that does not answer holds the thread up, and nothing frees it: it is not waited for, and calls nobody.
        if (_connected.TrySetException(new OperationCanceledException("the stream is closed")))
        {
            _welcomed.TrySetException(new OperationCanceledException("the stream is closed"));
            _ = _connected.Task.Exception;
            _ = _welcomed.Task.Exception;
        }
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel)
    {
        if (frame.Body.Length > RelayLimits.FrameBytesMax)
        {
            throw new ArgumentException($"A frame has {frame.Body.Length} bytes; at most {RelayLimits.FrameBytesMax} are accepted.", nameof(frame));
        }

        if (frame.Body.Length <= InlineBytesMax && CanTake(frame.Body.Length))
        {
            Send(frame, sentAt);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(SlowlyAsync(() => Send(frame, sentAt), cancel));
    }

    /// <inheritdoc/>
    public ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel)
    {
        if (CanTake(0))
        {
            Beat(sentAt, confirmed, uploaded);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(SlowlyAsync(() => Beat(sentAt, confirmed, uploaded), cancel));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Close();
        _patient.Dispose();
        if (_connected.Task.IsCompletedSuccessfully)
        {
            await _finished.Task.ConfigureAwait(false);
        }
    }

    private bool CanTake(int bytes)
    {
        try
        {
            return _connection!.CanTake(bytes);
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            throw Broken(e);
        }
    }

    private async Task SlowlyAsync(Action send, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();

        // Only its end frees a send that is stuck.
        using (cancel.UnsafeRegister(static stream => ((FollowerStream)stream!).Close(), this))
        {
            try
            {
                await _patient.RunAsync(send).ConfigureAwait(false);
            }
            catch (PeerUnreachableException e) when (cancel.IsCancellationRequested)
            {
                throw new OperationCanceledException(e.Message, e, cancel);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                throw Broken(e);
            }
        }
    }

    private void Send(Frame frame, long sentAt)
    {
        lock (_sending)
        {
            try
            {
                var parts = FrameParts.Count(frame);
                for (var i = 0; i < parts; i++)
                {
                    FrameParts.Fill(_frame.Frame, frame, sentAt, i);
                    Write(_frame);
                }
            }
            finally
            {
                _frame.Frame.Data = ByteString.Empty;
            }
        }
    }

    private void Beat(long sentAt, ulong confirmed, ulong uploaded)
    {
        lock (_sending)
        {
            _heartbeat.Heartbeat.SentAt = sentAt;
            _heartbeat.Heartbeat.Confirmed = confirmed;
            _heartbeat.Heartbeat.Uploaded = uploaded;
            Write(_heartbeat);
        }
    }

    private void Write(FromLeader message)
    {
        if (Volatile.Read(ref _ended) is { } ended)
        {
            throw new PeerUnreachableException(ended.Message, ended) { Refused = ended.Refused };
        }

        try
        {
            _connection!.Write(message);
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            throw Broken(e);
        }
    }

    private PeerUnreachableException Broken(Exception e) => Volatile.Read(ref _ended) ?? (_closed ? new("The stream is closed.", e) : _translate(e));

    // 1. Connect, and say hello.
    // 2. The answer to the hello: how much is held, or that the session is sealed.
    // 3. Acknowledgements, until either side ends the stream.
    // 4. The end, once, unless the hello was not answered: that is told by OpenAsync.
    private void Run()
    {
        Exception? cause = null;
        try
        {
            Connect();
            while (_connection!.Read(FromFollower.Parser) is { } message)
            {
                Take(message);
            }

            throw new IOException("the follower has ended the connection");
        }
        catch (Exception e)
        {
            cause = !PeerFailure.IsOne(e) && e is not PeerUnreachableException ? e : _closed || _refused ? null : Translated(e);
            _welcomed.TrySetException(e);
            _connected.TrySetException(e);
        }

        if (Volatile.Read(ref _ended) is null)
        {
            Volatile.Write(ref _ended, cause as PeerUnreachableException ?? new PeerUnreachableException("The stream to the follower has ended.", cause));
        }

        _connection?.Release();
        Close();
        _finished.TrySetResult();
        if (_welcomed.Task.IsCompletedSuccessfully)
        {
            _events.Ended(cause);
        }
        else
        {
            _ = _welcomed.Task.Exception;
            _ = _connected.Task.Exception;
        }
    }

    private Exception? Translated(Exception e) => e is FollowerEndedException { Reason: "" } ? null : e as PeerUnreachableException ?? _translate(e);

    private void Connect()
    {
        var to = new Uri($"https://{_follower.Address}");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        lock (_closing)
        {
            _socket = socket;
            if (_closed)
            {
                socket.Dispose();
            }
        }

        socket.Connect(to.IdnHost, to.Port);
        _connection = StreamConnection.Call(socket, _certificates, to.IdnHost);
        if (!_connected.TrySetResult())
        {
            throw new OperationCanceledException();
        }

        _connection.Write(new FromLeader { Hello = new() { Leader = _hello.Leader.ToWire(), UploadedTo = _hello.UploadedTo, Identity = _identity.ToWire(_follower.Id) } });
    }

    private void Take(FromFollower message)
    {
        switch (message.KindCase)
        {
            case FromFollower.KindOneofCase.Welcome when !_welcomed.Task.IsCompleted:
                Check(message.Welcome.Identity);
                Held = Math.Max(message.Welcome.Held, _hello.UploadedTo);
                _welcomed.TrySetResult();
                break;
            case FromFollower.KindOneofCase.Ack when _welcomed.Task.IsCompleted:
                _events.Acknowledged(message.Ack.Held, message.Ack.SentAt);
                break;
            case FromFollower.KindOneofCase.Refused:
                Check(message.Refused.Identity);
                _refused = true;
                Volatile.Write(ref _ended, new PeerUnreachableException($"The follower has sealed the session in recovery epoch {message.Refused.RecoveryEpoch}."));
                _events.Refused(message.Refused.RecoveryEpoch);
                _welcomed.TrySetResult();
                break;
            case FromFollower.KindOneofCase.Ended:
                Check(message.Ended.Identity);
                throw new FollowerEndedException(message.Ended.Reason);
            default:
                throw new InvalidDataException($"the follower sent {message.KindCase} where that cannot be");
        }
    }

    private void Check(Identity? theirs)
    {
        if (_identity.Objection(theirs, $"The server at {_follower.Address}") is { } objection)
        {
            throw new PeerUnreachableException(objection);
        }
    }
}
