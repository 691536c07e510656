namespace Skerry.Storage.Archive;

/// <summary>
/// Wakes one loop, which waits for nothing else: what it waits for at the same time wakes it through this. So its
/// continuation goes to its own synchronization context, and never through the thread pool. Thread-safe.
/// </summary>
internal sealed class Wakeup
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiting;
    private bool _set;

    /// <summary>Wakes the loop, or lets its next wait end at once.</summary>
    public void Set()
    {
        TaskCompletionSource? waiting;
        lock (_lock)
        {
            (waiting, _waiting) = (_waiting, null);
            _set |= waiting is null;
        }

        waiting?.SetResult();
    }

    /// <summary>Waits for <see cref="Set"/>, for some time, or until cancelled. May end early.</summary>
    public async Task WaitAsync(TimeProvider time, TimeSpan? atMost, CancellationToken cancel)
    {
        Task waiting;
        lock (_lock)
        {
            waiting = _set ? Task.CompletedTask : (_waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            _set = false;
        }

        await using var timer = atMost is { } due
            ? time.CreateTimer(static state => ((Wakeup)state!).Set(), this, due, Timeout.InfiniteTimeSpan)
            : null;
        using var cancelled = cancel.Register(static state => ((Wakeup)state!).Set(), this);
        await waiting;
        cancel.ThrowIfCancellationRequested();
    }
}
