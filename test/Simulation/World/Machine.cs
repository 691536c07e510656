namespace Skerry.Simulation.World;

/// <summary>
/// One process of a node: the context in which its code runs, and its clock. After it has ended nothing of it runs any more;
/// while it is frozen, everything that concerns it waits.
/// </summary>
internal sealed class Machine(Scheduler scheduler, MachineClock clock, string name) : TimeProvider
{
    private readonly Queue<Action> _frozen = [];
    private readonly Queue<Action> _frozenRequests = [];
    private Context? _context;

    public string Name => name;

    public bool IsDead { get; private set; }

    public bool IsFrozen { get; private set; }

    public bool IsRunning => !IsDead && !IsFrozen;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => clock.Timestamp;

    public override DateTimeOffset GetUtcNow() => clock.UtcNow;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(this, callback, state, dueTime, period);

    /// <summary>Makes something happen in this process after a while, by the world's time.</summary>
    public void After(TimeSpan delay, Action action) => scheduler.After(delay, () => Run(action));

    /// <summary>Runs something in this process now.</summary>
    public void Run(Action action)
    {
        if (IsDead)
        {
            return;
        }

        if (IsFrozen)
        {
            _frozen.Enqueue(action);
            return;
        }

        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context ??= new Context(this));
        try
        {
            action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    /// <summary>Begins a procedure in this process. What it throws ends the run, but for what ending a process throws.</summary>
    public void Start(Func<Task> procedure) => Run(() => _ = WatchAsync(procedure));

    public void Die() => IsDead = true;

    public void Freeze() => IsFrozen = true;

    /// <param name="requestsFirst">True if what clients have asked meanwhile is read before what other nodes have said.</param>
    public void Thaw(bool requestsFirst)
    {
        IsFrozen = false;
        foreach (var queue in requestsFirst ? new[] { _frozenRequests, _frozen } : [_frozen, _frozenRequests])
        {
            while (queue.TryDequeue(out var action))
            {
                scheduler.After(TimeSpan.Zero, () => Run(action));
            }
        }
    }

    /// <summary>A client's request has arrived.</summary>
    public void Request(Func<Task> procedure)
    {
        if (IsFrozen && !IsDead)
        {
            _frozenRequests.Enqueue(() => Start(procedure));
        }
        else
        {
            Start(procedure);
        }
    }

    private async Task WatchAsync(Func<Task> procedure)
    {
        try
        {
            await procedure();
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error)
        {
            scheduler.Fail(new InvalidOperationException($"{name}: {error.Message}", error));
        }
    }

    private sealed class Context(Machine machine) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => machine.After(TimeSpan.Zero, () => d(state));

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

        public override SynchronizationContext CreateCopy() => this;
    }

    private sealed class Timer : ITimer
    {
        private readonly Machine _machine;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private TimeSpan _period;
        private int _version;

        public Timer(Machine machine, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_machine, _callback, _state) = (machine, callback, state);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Arm(dueTime);
            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(TimeSpan dueTime)
        {
            var version = ++_version;
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            _machine.After(_machine.Clock.ToWorld(dueTime), () =>
            {
                if (version == _version)
                {
                    if (_period > TimeSpan.Zero)
                    {
                        Arm(_period);
                    }

                    _callback(_state);
                }
            });
        }
    }

    private MachineClock Clock => clock;
}
