namespace Skerry.Storage.Relay;

/// <summary>One stream of a link: what was sent and not acknowledged, and what the follower says. Thread-safe.</summary>
internal sealed class LinkConnection(FollowerLink link, ILinkSource source, PumpSignal signal, long now, CancellationToken stop)
    : IFollowerEvents, IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
    private readonly Queue<(ulong Last, int Bytes)> _sent = [];
    private long _unacknowledged;
    private long _heardAt = now;
    private bool _disposed;
    private bool _open;
    private bool _ended;

    /// <summary>Ends everything that waits for the follower.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>The last record that the follower is known to hold.</summary>
    public ulong Held { get; private set; }

    /// <summary>Bytes that were sent and are not acknowledged.</summary>
    public long Unacknowledged => Volatile.Read(ref _unacknowledged);

    /// <summary>When the follower last said anything.</summary>
    public long HeardAt => Volatile.Read(ref _heardAt);

    /// <summary>True when nothing more is to be sent.</summary>
    public bool IsEnded => Volatile.Read(ref _ended);

    /// <summary>The follower has answered the hello.</summary>
    public void Opened(ulong held, long now)
    {
        lock (_gate)
        {
            _heardAt = now;
            _open = true;

            // It may have acknowledged more already: what an earlier stream had sent.
            Held = Math.Max(Held, held);
        }

        source.Post(new LinkEvent(LinkEventKind.Up, link, Held, 0, 0));
    }

    public void Sending(in Frame frame)
    {
        lock (_gate)
        {
            _sent.Enqueue((frame.Last, frame.Body.Length));
            _unacknowledged += frame.Body.Length;
        }
    }

    /// <summary>The follower is silent: whatever waits for it ends.</summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                // Whoever waits goes on on another thread: this one holds the lock.
                _ = _stop.CancelAsync();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _stop.Dispose();
    }

    /// <summary>Nothing that is said from now on is heard.</summary>
    public void Close() => Volatile.Write(ref _ended, true);

    void IFollowerEvents.Acknowledged(ulong held, long sentAt)
    {
        lock (_gate)
        {
            if (!_open)
            {
                Held = Math.Max(Held, held);
                return;
            }

            while (_sent.TryPeek(out var oldest) && oldest.Last <= held)
            {
                _unacknowledged -= oldest.Bytes;
                _sent.Dequeue();
            }
        }

        if (IsEnded)
        {
            return;
        }

        // Before it is passed on: that may take this thread a while.
        Volatile.Write(ref _heardAt, Math.Max(_heardAt, sentAt));
        source.Post(new LinkEvent(LinkEventKind.Acknowledged, link, held, sentAt, 0));
        signal.Set(inline: false);
    }

    void IFollowerEvents.Refused(int recoveryEpoch)
    {
        source.Post(new LinkEvent(LinkEventKind.Refused, link, 0, 0, recoveryEpoch));
        ((IFollowerEvents)this).Ended(null);
    }

    void IFollowerEvents.Ended(Exception? cause)
    {
        Volatile.Write(ref _ended, true);
        signal.Set(inline: false);
    }
}
