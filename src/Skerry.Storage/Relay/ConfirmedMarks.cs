namespace Skerry.Storage.Relay;

/// <summary>Remembers, coarsely, what was confirmed when, so that a follower's lag can be told in time. Bounded.</summary>
internal sealed class ConfirmedMarks(long interval, long horizon, ulong start)
{
    private readonly Queue<(ulong Sequence, long At)> _marks = [];
    private ulong _before = start;
    private long _lastAt = long.MinValue;

    /// <summary>Everything up to here was confirmed at <paramref name="now"/>.</summary>
    public void Add(ulong sequence, long now)
    {
        if (_marks.Count > 0 && now - _lastAt < interval)
        {
            return;
        }

        while (_marks.TryPeek(out var oldest) && oldest.At < now - horizon)
        {
            _before = _marks.Dequeue().Sequence;
        }

        _marks.Enqueue((sequence, now));
        _lastAt = now;
    }

    /// <summary>What was certainly confirmed at <paramref name="time"/>, which is not further back than the horizon.</summary>
    public ulong At(long time)
    {
        var sequence = _before;
        foreach (var mark in _marks)
        {
            if (mark.At > time)
            {
                break;
            }

            sequence = mark.Sequence;
        }

        return sequence;
    }
}
