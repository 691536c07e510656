namespace Skerry.Storage.Log;

/// <summary>Lets others wait until a number has grown. Announcing costs next to nothing while nobody waits.</summary>
internal sealed class SequenceSignal(ulong start)
{
    private readonly Lock _gate = new();
    private readonly List<(ulong Beyond, TaskCompletionSource Done)> _waiters = [];
    private ulong _current = start;
    private int _count;

    /// <summary>The number has grown. By one thread at a time.</summary>
    public void Announce(ulong value)
    {
        Volatile.Write(ref _current, value);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _count) == 0)
        {
            return;
        }

        lock (_gate)
        {
            for (var i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_waiters[i].Beyond < value || _waiters[i].Done.Task.IsCompleted)
                {
                    _waiters[i].Done.TrySetResult();
                    _waiters.RemoveAt(i);
                }
            }

            _count = _waiters.Count;
        }
    }

    /// <summary>Completes when the number is greater than <paramref name="value"/>.</summary>
    public async Task WaitAsync(ulong value, CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiters.Add((value, done));
            _count = _waiters.Count;
        }

        // Counted before the number is read, and announced the other way round: one of the two sees the other.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _current) > value)
        {
            done.TrySetResult();
        }

        using (cancel.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetCanceled(), done))
        {
            await done.Task.ConfigureAwait(false);
        }
    }
}
