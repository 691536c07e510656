namespace Skerry.Objects.Activation;

/// <summary>
/// Bounds how many of something active objects hold at once, by asking those that have used theirs least recently to
/// give it up. Approximate: a queue with second chances, so that keeping it costs nothing while objects work.
/// </summary>
/// <remarks>Thread-safe. Those asked may refuse while they are busy; every further opening asks again, as many as are too many.</remarks>
internal sealed class LeastRecentlyUsed(int max, Action<ActiveObject> release)
{
    // How many are compared to find one that gives way.
    private const int Chances = 8;

    // How many are asked at once when those asked before refused.
    private const int ReleasesMax = 8;

    private readonly Lock _lock = new();
    private readonly LinkedList<ActiveObject> _queue = new();
    private readonly Dictionary<ActiveObject, LinkedListNode<ActiveObject>> _open = [];

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
        HashSet<ActiveObject> victims = [];
        lock (_lock)
        {
            if (_open.ContainsKey(active))
            {
                return;
            }

            _open[active] = _queue.AddLast(active);
            for (var over = Math.Min(_open.Count - max, ReleasesMax); over > 0; over--)
            {
                if (Choose(active, victims) is { } victim)
                {
                    victims.Add(victim);
                }
            }
        }

        foreach (var victim in victims)
        {
            release(victim);
        }
    }

    /// <summary>It is given up.</summary>
    public void Closed(ActiveObject active)
    {
        lock (_lock)
        {
            if (_open.Remove(active, out var node))
            {
                _queue.Remove(node);
            }
        }
    }

    private ActiveObject? Choose(ActiveObject opening, HashSet<ActiveObject> chosen)
    {
        ActiveObject? oldest = null;
        for (var chances = Math.Min(Chances, _queue.Count); chances > 0; chances--)
        {
            var node = _queue.First!;
            var candidate = node.Value;
            _queue.RemoveFirst();
            _queue.AddLast(node);
            if (!ReferenceEquals(candidate, opening) && !chosen.Contains(candidate)
                && (oldest is null || candidate.LastUsed < oldest.LastUsed))
            {
                oldest = candidate;
            }
        }

        return oldest;
    }
}
