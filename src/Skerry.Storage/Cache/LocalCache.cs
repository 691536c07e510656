namespace Skerry.Storage.Cache;

/// <summary>
/// Keeps the local copies of databases within their share of the disk: beyond it, those that were closed longest ago
/// are dropped, for the bucket has them. Thread-safe.
/// </summary>
/// <param name="bytesMax">The share, bytes. Open databases count, but stay.</param>
/// <param name="tryDrop">Deletes a closed database's files; false if it is in use, or has records that are not in the bucket yet.</param>
internal sealed class LocalCache(long bytesMax, Func<ObjectKey, bool> tryDrop)
{
    // Dropping more than a few at a time would make one close wait for many deletions.
    private const int DropsAtOnce = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Copy> _copies = [];
    private readonly LinkedList<ObjectKey> _closed = [];
    private long _bytes;

    /// <summary>Bytes of all local copies, open and closed.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>A copy is in use: it is not dropped.</summary>
    public void Opened(ObjectKey key)
    {
        lock (_lock)
        {
            var copy = CopyOf(key);
            if (copy.Place is { } place)
            {
                _closed.Remove(place);
                copy.Place = null;
            }
        }
    }

    /// <summary>A copy is out of use. May drop others, on this thread.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="bytes">Its size; 0 if there is none.</param>
    public void Closed(ObjectKey key, long bytes)
    {
        lock (_lock)
        {
            var copy = CopyOf(key);
            _bytes += bytes - copy.Bytes;
            copy.Bytes = bytes;
            if (copy.Place is { } place)
            {
                _closed.Remove(place);
            }

            if (bytes == 0)
            {
                _copies.Remove(key);
                return;
            }

            copy.Place = _closed.AddLast(key);
        }

        Shrink();
    }

    private void Shrink()
    {
        for (var drops = 0; drops < DropsAtOnce; drops++)
        {
            ObjectKey victim;
            lock (_lock)
            {
                if (_bytes <= bytesMax || _closed.First is not { } first)
                {
                    return;
                }

                victim = first.Value;
                _closed.RemoveFirst();
                _copies[victim].Place = null;
            }

            // Outside of the lock: it deletes files, and asks others who may hold locks of their own.
            var dropped = tryDrop(victim);
            lock (_lock)
            {
                if (!_copies.TryGetValue(victim, out var copy) || copy.Place is not null)
                {
                    continue;
                }

                if (dropped)
                {
                    _bytes -= copy.Bytes;
                    _copies.Remove(victim);
                }
                else
                {
                    copy.Place = _closed.AddLast(victim);
                }
            }
        }
    }

    private Copy CopyOf(ObjectKey key)
    {
        if (!_copies.TryGetValue(key, out var copy))
        {
            _copies[key] = copy = new Copy();
        }

        return copy;
    }

    private sealed class Copy
    {
        public long Bytes { get; set; }

        public LinkedListNode<ObjectKey>? Place { get; set; }
    }
}
