namespace Skerry.Objects.Activation;

/// <summary>
/// Bounds how many of something active objects hold at once, by asking those that have used theirs least recently to
/// give it up. Approximate: a queue with second chances, so that keeping it costs nothing while objects work.
/// </summary>
internal sealed class LeastRecentlyUsed(int max, Action<ActiveObject> release)
{
    // How many get a second chance before somebody has to give way.
    private const int Chances = 8;

    private readonly Lock _lock = new();
    private readonly Queue<ActiveObject> _queue = new();
    private readonly HashSet<ActiveObject> _open = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>One more is held.</summary>
    public void Opened(ActiveObject active)
    {
        ActiveObject? victim = null;
        lock (_lock)
        {
            if (!_open.Add(active))
            {
                return;
            }

            _queue.Enqueue(active);
            if (_open.Count > max)
            {
                victim = Choose(active);
            }
        }

        if (victim is not null)
        {
            release(victim);
        }
    }

    /// <summary>It is given up.</summary>
    public void Closed(ActiveObject active)
    {
        lock (_lock)
        {
            _open.Remove(active);
        }
    }

    private ActiveObject? Choose(ActiveObject opening)
    {
        ActiveObject? oldest = null;
        for (var chances = Chances; chances > 0 && _queue.TryDequeue(out var candidate);)
        {
            if (!_open.Contains(candidate))
            {
                continue;
            }

            chances--;
            _queue.Enqueue(candidate);
            if (!ReferenceEquals(candidate, opening) && (oldest is null || candidate.LastUsed < oldest.LastUsed))
            {
                oldest = candidate;
            }
        }

        return oldest;
    }
}
