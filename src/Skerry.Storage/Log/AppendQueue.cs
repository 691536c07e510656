namespace Skerry.Storage.Log;

/// <summary>
/// Hands requests from any thread to the writer: a lock around a list that the writer swaps for an empty one, and a
/// wake-up only if the writer sleeps. Bounded by bytes.
/// <para>
/// A thread that can spare the time may do the sleeping writer's work itself: it borrows the role, and gives it back. One
/// thread has the role at any time, so what the writer guards by being one thread stays guarded.
/// </para>
/// </summary>
internal sealed class AppendQueue(long bytesMax)
{
    // What a waiting record costs beside its payload: the request, its completion and the record's header.
    private const int RequestBytes = 256;

    private readonly object _gate = new();
    private readonly FailedStreams _rejected = new();
    private List<AppendRequest> _incoming = [];
    private long _bytes;
    private bool _closed;
    private bool _asleep;
    private bool _asleepForMore;
    private bool _resting;
    private bool _lent;
    private bool _nudged;

    /// <summary>Why nothing at all can be taken now; null if it can.</summary>
    public StorageException? Refusal { get; set; }

    /// <summary>Bytes of requests that are not decided yet.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes a request, or answers why not.</summary>
    /// <param name="request">The request.</param>
    /// <param name="borrow">Whether to borrow the writer's role if it sleeps, instead of waking it.</param>
    /// <param name="borrowed">Whether the caller has the role now, and must give it back.</param>
    public StorageException? TryAdd(AppendRequest request, bool borrow, out bool borrowed)
    {
        borrowed = false;
        lock (_gate)
        {
            if (_closed)
            {
                return new StorageException("The log is closed.");
            }

            if (_rejected.Blocks(request))
            {
                return FailedStreams.ErrorOf(request);
            }

            if (request.ContentBytes > RecordHeader.PayloadBytesMax)
            {
                _rejected.Add(request.Stream.Key, request.Epoch);
                return new StorageException($"Transaction {request.Txid} of {request.Stream.Key} has {request.ContentBytes} bytes; a record of the log has at most {RecordHeader.PayloadBytesMax}. Write less in one transaction.");
            }

            if (Refusal is { } refusal)
            {
                _rejected.Add(request.Stream.Key, request.Epoch);
                return refusal;
            }

            if (_bytes > bytesMax)
            {
                _rejected.Add(request.Stream.Key, request.Epoch);
                return new StorageException($"Log overloaded: {_bytes} bytes wait to be written, more than the {bytesMax} allowed. Send less, or use a faster disk.");
            }

            _bytes += BytesOf(request);
            _incoming.Add(request);
            if (borrow && TryBorrow())
            {
                borrowed = true;
            }
            else if (_asleep)
            {
                _asleep = false;
                Monitor.Pulse(_gate);
            }

            return null;
        }
    }

    /// <summary>
    /// Swaps the writer's empty list for what waits. When <paramref name="wait"/> is set, sleeps until there is
    /// something, a nudge, or the end; if whoever had borrowed the role has left something in the list, it stays.
    /// </summary>
    /// <returns>False if the queue is closed and empty.</returns>
    public bool Take(ref List<AppendRequest> taken, bool wait)
    {
        lock (_gate)
        {
            while (_lent || (wait && _incoming.Count == 0 && !_closed && !_nudged))
            {
                Rest(forMore: true);
            }

            _asleep = false;
            _nudged = false;
            if (taken.Count == 0)
            {
                (_incoming, taken) = (taken, _incoming);
            }

            return taken.Count > 0 || !_closed;
        }
    }

    /// <summary>Sleeps until there is a nudge, whatever waits.</summary>
    public void WaitForNudge()
    {
        lock (_gate)
        {
            while (_lent || !_nudged)
            {
                Rest(forMore: false);
            }

            _nudged = false;
        }
    }

    /// <summary>Wakes the writer although there may be nothing to write.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _nudged = true;
            _asleep = false;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>As <see cref="Nudge"/>, unless the writer sleeps: then the caller has its role now, and must give it back.</summary>
    public bool NudgeOrBorrow()
    {
        lock (_gate)
        {
            if (TryBorrow())
            {
                return true;
            }

            _nudged = true;
            _asleep = false;
            Monitor.Pulse(_gate);
            return false;
        }
    }

    /// <summary>Swaps an empty list for what waits. For whoever has borrowed the role.</summary>
    public void TakeNow(ref List<AppendRequest> taken)
    {
        lock (_gate)
        {
            _nudged = false;
            (_incoming, taken) = (taken, _incoming);
        }
    }

    /// <summary>Ends the loan. The writer is woken if something has come meanwhile, or if it waits for room and there is some.</summary>
    /// <param name="hasRoom">Whether the writer could write now.</param>
    public void GiveBack(bool hasRoom)
    {
        lock (_gate)
        {
            _lent = false;
            _nudged |= hasRoom && !_asleepForMore;
            _asleep = _asleepForMore;
            if (_nudged || _closed || (_asleepForMore && _incoming.Count > 0))
            {
                _asleep = false;
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>These bytes are decided.</summary>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _bytes -= bytes;
        }
    }

    /// <summary>Takes no more; the writer gets what is there.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
    }

    private bool TryBorrow()
    {
        if (!_resting || _lent || _nudged || _closed)
        {
            return false;
        }

        _lent = true;
        _asleep = false;
        return true;
    }

    private void Rest(bool forMore)
    {
        _resting = true;
        _asleepForMore = forMore;
        _asleep = forMore && !_lent;
        Monitor.Wait(_gate);
        _resting = false;
    }

    /// <summary>What a request counts for.</summary>
    public static long BytesOf(AppendRequest request) => request.ContentBytes + RequestBytes;
}
