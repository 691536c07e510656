namespace Skerry.Objects.Loop;

/// <summary>
/// One object's event loop and input gate. Events run one at a time, in the order of arrival, on pool threads or, when
/// the loop is idle, on the thread of the caller. While a critical section holds the gate, events of anybody else wait.
/// </summary>
/// <remarks>
/// Scheduling: <see cref="Enqueue"/> is thread-safe. At most one thread is inside the loop; the flag
/// <c>_running</c> says so and changes only under the lock. No user code runs under the lock.
/// </remarks>
internal sealed class ObjectLoop : IThreadPoolWorkItem
{
    // Events in a row before the thread is given back to the pool, so that one busy object cannot starve the others.
    private const int EventsPerSlice = 128;

    private readonly Lock _lock = new();
    private readonly Queue<LoopEvent> _queue = new();
    private readonly LinkedList<LoopEvent> _held = new();
    private readonly List<PendingSection> _pendingSections = [];
    private readonly ILoopOwner _owner;
    private CriticalSection? _holder;
    private bool _heldMayRun;
    private CriticalSection? _told;
    private bool _running;
    private bool _paused;
    private bool _closed;

    public ObjectLoop(ILoopOwner owner)
    {
        _owner = owner;
        BaseContext = new TurnContext(this, section: null, chain: null);
    }

    /// <summary>The context of code that came from outside of any object and is in no critical section.</summary>
    public TurnContext BaseContext { get; }

    /// <summary>The object.</summary>
    public ILoopOwner Owner => _owner;

    /// <summary>Events that wait, at the gate or for their turn; what overload is measured by.</summary>
    public int Backlog
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count + _held.Count;
            }
        }
    }

    /// <summary>True while an event runs or waits, or a critical section is under way.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_lock)
            {
                return _running || _holder is not null || _queue.Count > 0 || _held.Count > 0;
            }
        }
    }

    /// <summary>True while a critical section is under way.</summary>
    public bool InSection
    {
        get
        {
            lock (_lock)
            {
                return _holder is not null;
            }
        }
    }

    /// <summary>The critical section under way with that number; null if it has ended.</summary>
    public CriticalSection? FindSection(long number)
    {
        lock (_lock)
        {
            var at = _holder;
            while (at is not null && at.Number != number)
            {
                at = at.Parent;
            }

            return at;
        }
    }

    /// <summary>Adds an event. After <see cref="Close"/> it is dropped: whatever it would have shown is gone.</summary>
    public void Enqueue(in LoopEvent e)
    {
        lock (_lock)
        {
            if (_closed && !e.IgnoresGate)
            {
                return;
            }

            _queue.Enqueue(e);
            if (_running)
            {
                return;
            }

            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>
    /// Enters the loop on the calling thread if nothing runs or waits and the gate is open. The caller then runs one
    /// event itself and calls <see cref="Leave"/>. Only for threads that are not inside an object.
    /// </summary>
    public bool TryEnter()
    {
        if (!_lock.TryEnter())
        {
            return false;
        }

        try
        {
            if (_running || _closed || _paused || _holder is not null || _queue.Count > 0 || _held.Count > 0)
            {
                return false;
            }

            _running = true;
            return true;
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Ends what <see cref="TryEnter"/> began. What has arrived meanwhile runs on the pool.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (_queue.Count == 0 && !_heldMayRun)
            {
                _running = false;
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var i = 0; i < EventsPerSlice; i++)
        {
            if (TryDequeue(out var e, out var more))
            {
                Run(e, more);
                continue;
            }

            // What waits may be held at the gate, so the last event could not know that it was the last.
            _owner.TurnEnded(more: false);
            if (TryRest())
            {
                return;
            }
        }

        _owner.TurnEnded(more: false);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool TryRest()
    {
        lock (_lock)
        {
            if (_queue.Count > 0 || _heldMayRun)
            {
                return false;
            }

            _running = false;
            return true;
        }
    }

    /// <summary>Stops user events from starting until <see cref="Resume"/>: back-pressure of storage.</summary>
    public void Pause()
    {
        lock (_lock)
        {
            _paused = true;
        }
    }

    /// <summary>Ends <see cref="Pause"/>.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            if (!_paused)
            {
                return;
            }

            _paused = false;
            _heldMayRun = true;
            if (_running)
            {
                return;
            }

            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>
    /// Drops all user events, now and in future. Housekeeping still runs. Continuations of the object's code never
    /// resume, so none of them can see or tell what was lost.
    /// </summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _held.Clear();
            _pendingSections.Clear();
            var keep = _queue.Count;
            while (keep-- > 0)
            {
                var e = _queue.Dequeue();
                if (e.IgnoresGate)
                {
                    _queue.Enqueue(e);
                }
            }
        }
    }

    /// <summary>
    /// Runs <paramref name="body"/> as a critical section of the code that runs now. It starts at once if the gate is
    /// free for that code, else after the sections before it; sections go before ordinary events.
    /// </summary>
    public Task<T> EnterSection<T>(TurnContext from, Func<CriticalSection, Task<T>> body)
    {
        CriticalSection section;
        lock (_lock)
        {
            if (!ReferenceEquals(_holder, CriticalSection.Innermost(from.Section)))
            {
                var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
                _pendingSections.Add(new PendingSection(from, async started =>
                {
                    try
                    {
                        result.SetResult(await body(started));
                    }
                    catch (Exception e)
                    {
                        result.SetException(e);
                    }
                    finally
                    {
                        ExitSection(started);
                    }
                }));
                return result.Task;
            }

            section = new CriticalSection(this, _holder);
            _holder = section;
        }

        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new TurnContext(this, section, from.Chain, from.Call));
        try
        {
            return RunSection(section, body);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private async Task<T> RunSection<T>(CriticalSection section, Func<CriticalSection, Task<T>> body)
    {
        try
        {
            return await body(section);
        }
        finally
        {
            ExitSection(section);
        }
    }

    private void ExitSection(CriticalSection section)
    {
        lock (_lock)
        {
            section.Ended = true;
            if (!ReferenceEquals(_holder, section))
            {
                // A nested section outlives its parent only when the parent did not await it: it keeps the gate.
                return;
            }

            _holder = CriticalSection.Innermost(section);
            _heldMayRun = true;
            var next = _pendingSections.FindIndex(p => ReferenceEquals(CriticalSection.Innermost(p.From.Section), _holder));
            if (next >= 0)
            {
                var (from, start) = _pendingSections[next];
                _pendingSections.RemoveAt(next);
                _holder = new CriticalSection(this, _holder);
                _queue.Enqueue(new LoopEvent(
                    new TurnContext(this, _holder, from.Chain, from.Call),
                    static s =>
                    {
                        var (start, started) = ((Func<CriticalSection, Task>, CriticalSection))s!;
                        _ = start(started);
                    },
                    (start, _holder)));
            }

            if (_running)
            {
                return;
            }

            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Runs one event on this thread, which is inside the loop.</summary>
    private void Run(in LoopEvent e, bool more)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(e.Context);
        _owner.TurnBegan();
        try
        {
            e.Callback(e.State);
        }
        catch (Exception error)
        {
            // Only async void code of the object gets here: nobody else can be told, so the object is.
            _owner.Faulted(error);
        }
        finally
        {
            try
            {
                _owner.TurnEnded(more);
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(before);
            }
        }
    }

    private bool TryDequeue(out LoopEvent e, out bool more)
    {
        more = false;
        while (true)
        {
            LoopEvent[] held;
            CriticalSection holder;
            lock (_lock)
            {
                if (_heldMayRun && TryTakeHeld(out e))
                {
                    more = true;
                    return true;
                }

                _heldMayRun = false;
                if (_holder is not null && !ReferenceEquals(_told, _holder) && _held.Count > 0)
                {
                    // Another section has the gate than the one these were told of.
                    held = [.. _held.Where(static h => h.Context.Call is { })];
                    holder = _told = _holder;
                }
                else
                {
                    if (!_queue.TryDequeue(out e))
                    {
                        return false;
                    }

                    if (MayRun(e))
                    {
                        more = _queue.Count > 0;
                        return true;
                    }

                    _held.AddLast(e);
                    if (_holder is null || e.Context.Call is null || !ReferenceEquals(_told, _holder))
                    {
                        continue;
                    }

                    held = [e];
                    holder = _holder;
                }
            }

            // Outside the lock: the observer may fail the call, and with it wake a caller.
            foreach (var waiting in held)
            {
                if (!waiting.Context.Call!.Held(holder) && ReferenceEquals(waiting.State, waiting.Context.Call))
                {
                    lock (_lock)
                    {
                        _held.Remove(waiting);
                    }
                }
            }
        }
    }

    private bool TryTakeHeld(out LoopEvent e)
    {
        for (var node = _held.First; node is not null; node = node.Next)
        {
            if (MayRun(node.Value))
            {
                e = node.Value;
                _held.Remove(node);
                return true;
            }
        }

        e = default;
        return false;
    }

    private bool MayRun(in LoopEvent e) =>
        e.IgnoresGate || (!_paused && (_holder is null || ReferenceEquals(CriticalSection.Innermost(e.Context.Section), _holder)));

    private readonly record struct PendingSection(TurnContext From, Func<CriticalSection, Task> Start);
}
