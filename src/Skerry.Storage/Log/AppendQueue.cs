namespace Skerry.Storage.Log;

/// <summary>
/// Hands requests from any thread to the writer: a lock around a list that the writer swaps for an empty one, and a
/// wake-up only if the writer sleeps. Bounded by bytes.
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
    private bool _nudged;

    /// <summary>Why nothing at all can be taken now; null if it can.</summary>
    public StorageException? Refusal { get; set; }

    /// <summary>Bytes of requests that are not decided yet.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes a request, or answers why not.</summary>
    public StorageException? TryAdd(AppendRequest request)
    {
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
            if (_asleep)
            {
                _asleep = false;
                Monitor.Pulse(_gate);
            }

            return null;
        }
    }

    /// <summary>
    /// Swaps the writer's empty list for what waits. When <paramref name="wait"/> is set, sleeps until there is
    /// something, a nudge, or the end.
    /// </summary>
    /// <returns>False if the queue is closed and empty.</returns>
    public bool Take(ref List<AppendRequest> taken, bool wait)
    {
        lock (_gate)
        {
            while (wait && _incoming.Count == 0 && !_closed && !_nudged)
            {
                _asleep = true;
                Monitor.Wait(_gate);
            }

            _asleep = false;
            _nudged = false;
            (_incoming, taken) = (taken, _incoming);
            return taken.Count > 0 || !_closed;
        }
    }

    /// <summary>Sleeps until there is a nudge, whatever waits.</summary>
    public void WaitForNudge()
    {
        lock (_gate)
        {
            while (!_nudged)
            {
                Monitor.Wait(_gate);
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

    /// <summary>What a request counts for.</summary>
    public static long BytesOf(AppendRequest request) => request.ContentBytes + RequestBytes;
}
