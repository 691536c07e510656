using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Streams;

/// <summary>
/// The follower's end of one stream. One thread reads what the leader sends, and stands still while the follower has no
/// room. Acknowledgements are written by whoever brings them, one thread at a time: those that come while one is written
/// become one. If the leader does not read, they wait on a thread of the stream's own, for the store has other leaders.
/// </summary>
internal sealed class LeaderStream(StreamConnection connection, Identity identity) : IFollowerEvents
{
    private const int AckBytes = 256;

    private readonly Lock _state = new();
    private readonly PatientThread _patient = new("skerry slowly to a leader");
    private readonly FromFollower _ack = new() { Ack = new() };
    private ulong _held;
    private long _sentAt = long.MinValue;
    private bool _acknowledged;
    private bool _open;
    private bool _writing;
    private bool _finished;

    /// <summary>Serves the leader until either side ends the stream, on the calling thread.</summary>
    public void Run(IRelayService service, FollowHello hello)
    {
        IFollowedSession? followed = null;
        try
        {
            followed = service.Follow(hello, this, out var held, out var sealedBy);
            if (followed is null)
            {
                Finish(new() { Refused = new() { RecoveryEpoch = sealedBy, Identity = identity } });
                connection.Drain();
                return;
            }

            Welcome(held);
            Read(followed);
        }
        catch (Exception e) when (e is StorageException or InvalidDataException)
        {
            Finish(new() { Ended = new() { Reason = e.Message, Identity = identity } });
            connection.Drain();
        }
        finally
        {
            followed?.Ended();
            _patient.Dispose();
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
            if (!_open || _writing || _finished)
            {
                return;
            }

            _writing = true;
        }

        Acknowledge(mayWait: false);
    }

    /// <inheritdoc/>
    public void Refused(int recoveryEpoch) => Finish(new() { Refused = new() { RecoveryEpoch = recoveryEpoch, Identity = identity } });

    /// <inheritdoc/>
    public void Ended(Exception? cause) => Finish(new() { Ended = new() { Reason = cause?.Message ?? "", Identity = identity } });

    private void Welcome(ulong held)
    {
        connection.Write(new FromFollower { Welcome = new() { Held = held, Identity = identity } });
        lock (_state)
        {
            _open = true;
            if (!_acknowledged || _finished)
            {
                return;
            }

            _writing = true;
        }

        Acknowledge(mayWait: true);
    }

    private void Read(IFollowedSession followed)
    {
        var frames = new FrameAssembly();
        while (connection.Read(FromLeader.Parser) is { } message)
        {
            if (Volatile.Read(ref _finished))
            {
                // What it was told last is on its way to it.
                continue;
            }

            switch (message.KindCase)
            {
                case FromLeader.KindOneofCase.Frame:
                    if (frames.Add(message.Frame, out var frame, out var sentAt))
                    {
                        Append(followed, frame, sentAt);
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

    private void Append(IFollowedSession followed, in Frame frame, long sentAt)
    {
        if (!connection.HasMore)
        {
            followed.Append(frame, sentAt);
            return;
        }

        // What follows is to be written with it.
        var room = followed.AppendAsync(frame, sentAt);
        if (!room.IsCompletedSuccessfully)
        {
            room.AsTask().GetAwaiter().GetResult();
        }
    }

    // By the one thread that has set _writing.
    private void Acknowledge(bool mayWait)
    {
        try
        {
            while (true)
            {
                if (!mayWait && !connection.CanTake(AckBytes))
                {
                    _patient.Run(() => Acknowledge(mayWait: true));
                    return;
                }

                lock (_state)
                {
                    if (!_acknowledged || _finished)
                    {
                        _writing = false;
                        return;
                    }

                    _acknowledged = false;
                    _ack.Ack.Held = _held;
                    _ack.Ack.SentAt = _sentAt;
                }

                connection.Write(_ack);
            }
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            // The leader is gone, and who reads finds out; or it has been told the last word, and reads that.
            lock (_state)
            {
                if (_finished)
                {
                    return;
                }

                _finished = true;
            }

            connection.Dispose();
        }
    }

    /// <summary>Says the last word, unless it was said. The leader ends the connection when it has read it.</summary>
    private void Finish(FromFollower last)
    {
        lock (_state)
        {
            if (_finished)
            {
                return;
            }

            _finished = true;
        }

        // Whoever calls must not wait for a leader that reads nothing.
        if (CanSay())
        {
            Say();
            return;
        }

        try
        {
            _patient.Run(Say);
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            connection.Dispose();
        }

        bool CanSay()
        {
            try
            {
                return connection.CanTake(last.CalculateSize());
            }
            catch (Exception e) when (PeerFailure.IsOne(e))
            {
                return false;
            }
        }

        void Say()
        {
            try
            {
                connection.Write(last);
                connection.EndWriting();
            }
            catch (Exception e) when (PeerFailure.IsOne(e))
            {
                connection.Dispose();
            }
        }
    }
}
