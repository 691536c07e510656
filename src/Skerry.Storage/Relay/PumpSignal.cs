using System.Threading.Tasks.Sources;

namespace Skerry.Storage.Relay;

/// <summary>
/// Wakes one waiter. Who sets it may run the waiter's continuation right away, on its own thread: a frame is on its way
/// before the writer does anything else, without a hop to another thread. Any thread may set it; one waits at a time.
/// </summary>
internal sealed class PumpSignal : IValueTaskSource
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _core;
    private bool _set;
    private bool _waiting;

    /// <summary>Wakes the waiter, or lets the next wait end at once.</summary>
    /// <param name="inline">The caller can spare the time to run the waiter's continuation.</param>
    public void Set(bool inline)
    {
        lock (_gate)
        {
            if (!_waiting)
            {
                _set = true;
                return;
            }

            _waiting = false;
            _core.RunContinuationsAsynchronously = !inline;
        }

        _core.SetResult(true);
    }

    public ValueTask WaitAsync()
    {
        lock (_gate)
        {
            if (_set)
            {
                _set = false;
                return ValueTask.CompletedTask;
            }

            _core.Reset();
            _waiting = true;
            return new ValueTask(this, _core.Version);
        }
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
