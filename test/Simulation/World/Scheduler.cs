namespace Skerry.Simulation.World;

/// <summary>
/// The one queue of everything that happens in a run, ordered by time and then by the order of asking. One seed, one run:
/// everything happens on the thread that calls <see cref="Run"/>, and whatever would leave it is an error.
/// </summary>
internal sealed class Scheduler
{
    private readonly PriorityQueue<Action, (long Time, long Order)> _queue = new();
    private readonly Thread _thread = Thread.CurrentThread;
    private long _order;

    /// <summary>100 ns since the run began, by no clock of any node.</summary>
    public long Now { get; private set; }

    /// <summary>How many events have happened.</summary>
    public long Steps { get; private set; }

    /// <summary>What ended the run before its time.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Called after every event.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>Makes something happen after a while; at once is after what waits already for this moment.</summary>
    public void After(TimeSpan delay, Action action)
    {
        if (Thread.CurrentThread != _thread)
        {
            throw new InvalidOperationException("Something has left the simulation's thread: the run cannot be repeated.");
        }

        _queue.Enqueue(action, (Now + Math.Max(0, delay.Ticks), ++_order));
    }

    /// <summary>Ends the run.</summary>
    public void Fail(Exception failure) => Failure ??= failure;

    /// <summary>Runs for a time, or until <paramref name="done"/> says so.</summary>
    public void Run(TimeSpan duration, Func<bool>? done = null)
    {
        var end = Now + duration.Ticks;
        while (Failure is null && done?.Invoke() != true && _queue.TryPeek(out _, out var next) && next.Time <= end)
        {
            var action = _queue.Dequeue();
            Now = next.Time;
            Steps++;
            try
            {
                action();
                AfterStep?.Invoke();
            }
            catch (Exception error)
            {
                Fail(error);
            }
        }

        if (Failure is null && done is null)
        {
            Now = end;
        }
    }
}
