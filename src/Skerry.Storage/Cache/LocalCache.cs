namespace Skerry.Storage.Cache;

/// <summary>
/// Keeps the local copies of databases within their share of the disk: beyond it, those that were in use longest ago are
/// dropped, for the bucket has them. Thread-safe.
/// </summary>
/// <param name="bytesMax">The share, bytes. Copies in use count, but stay.</param>
/// <param name="tryDrop">Deletes a copy; false if it is in use, or has records that are not in the bucket yet.</param>
internal sealed class LocalCache(long bytesMax, Func<ObjectKey, bool> tryDrop)
{
    // Dropping more than a few at a time would make one activation's end wait for many deletions.
    private const int DropsAtOnce = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Copy> _copies = [];
    private readonly LinkedList<ObjectKey> _idle = [];
    private long _bytes;

    /// <summary>Bytes of all local copies, in use or not.</summary>
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

    /// <summary>A copy is in use once more: it is not dropped.</summary>
    public void Keep(ObjectKey key)
    {
        lock (_lock)
        {
            if (!_copies.TryGetValue(key, out var copy))
            {
                _copies[key] = copy = new Copy();
            }

            copy.Uses++;
            if (copy.Place is { } place)
            {
                _idle.Remove(place);
                copy.Place = null;
            }
        }
    }

    /// <summary>True if the copy is in use.</summary>
    public bool IsKept(ObjectKey key)
    {
        lock (_lock)
        {
            return _copies.TryGetValue(key, out var copy) && copy.Uses > 0;
        }
    }

    /// <summary>Undoes one <see cref="Keep"/>. May drop other copies, on this thread.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="bytes">Its size now; 0 if there is none.</param>
    public void KeepNoMore(ObjectKey key, long bytes)
    {
        lock (_lock)
        {
            var copy = _copies[key];
            copy.Uses--;
            Settle(key, copy, bytes);
        }

        Shrink();
    }

    /// <summary>A copy was found on the disk; nothing is known of it but its size.</summary>
    public void Found(ObjectKey key, long bytes)
    {
        lock (_lock)
        {
            if (_copies.ContainsKey(key))
            {
                return;
            }

            var copy = _copies[key] = new Copy();
            Settle(key, copy, bytes);
        }

        Shrink();
    }

    private void Settle(ObjectKey key, Copy copy, long bytes)
    {
        _bytes += bytes - copy.Bytes;
        copy.Bytes = bytes;
        if (copy.Uses > 0)
        {
            return;
        }

        if (bytes == 0)
        {
            _copies.Remove(key);
        }
        else
        {
            copy.Place ??= _idle.AddLast(key);
        }
    }

    private void Shrink()
    {
        for (var drops = 0; drops < DropsAtOnce; drops++)
        {
            ObjectKey victim;
            lock (_lock)
            {
                if (_bytes <= bytesMax || _idle.First is not { } first)
                {
                    return;
                }

                victim = first.Value;
                _idle.RemoveFirst();
                _copies[victim].Place = null;
            }

            // Outside of the lock: it deletes files, and holds a lock under which others keep copies.
            var dropped = tryDrop(victim);
            lock (_lock)
            {
                if (_copies.TryGetValue(victim, out var copy))
                {
                    Settle(victim, copy, dropped ? 0 : copy.Bytes);
                }
            }
        }
    }

    private sealed class Copy
    {
        public long Bytes { get; set; }

        public int Uses { get; set; }

        public LinkedListNode<ObjectKey>? Place { get; set; }
    }
}
