using System.Diagnostics.CodeAnalysis;
using Skerry.Objects.Loop;
using Skerry.Objects.WebSockets;
using Skerry.Storage;
using Skerry.Storage.Pages;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Activation;

/// <summary>
/// One object in memory: its loop, gates, database and code. It lives from activation until it is idle for long enough,
/// or until something breaks it; then the next call makes a new one, from confirmed storage.
/// </summary>
/// <remarks>
/// Ownership: the runtime makes it and finds it by key; the loop serialises everything but <see cref="Call"/>,
/// <see cref="Break"/> and the confirmation callbacks, which come from any thread.
/// </remarks>
internal sealed partial class ActiveObject : ILoopOwner, IConfirmationListener
{
    // Events whose writes may share a transaction.
    private const int TurnsTogetherMax = 64;

    [ThreadStatic]
    private static ActiveObject? t_constructing;

    private readonly Lock _lock = new();
    private readonly HashSet<ObjectCall> _calls = [];
    private readonly List<IGateWaiter> _leaving = [];
    private readonly List<Task> _startingSections = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IObjectCode? _code;
    private Exception? _broken;
    private bool _started;
    private bool _closing;
    private bool _open;
    private CancellationTokenSource? _preparing;
    private Task<IObjectClaim>? _prepared;
    private IObjectClaim? _claim;
    private int _background;
    private long _lastUsed;
    private long _turnStarted;
    private int _turnsTogether;

    public ActiveObject(ObjectRuntime runtime, ObjectClass @class, DurableObjectId id, LocationHint? hint, long incarnation)
    {
        Runtime = runtime;
        Incarnation = incarnation;
        Class = @class;
        Id = id;
        Key = new ObjectKey(@class.Namespace, id.Value);
        Loop = new ObjectLoop(this);
        Database = new ObjectDatabase(this, hint);
        Sql = new SqlStorage(Database);
        Kv = new KvStorage(Database);
        _lastUsed = runtime.CoarseNow;
    }

    /// <summary>The object whose constructor runs on this thread.</summary>
    public static ActiveObject? Constructing => t_constructing;

    public ObjectRuntime Runtime { get; }

    public ObjectClass Class { get; }

    /// <summary>Who it is. An alarm knows no name: then the one it was first called by is read at the start.</summary>
    public DurableObjectId Id { get; private set; }

    public ObjectKey Key { get; }

    /// <summary>Tells this stay in memory from every other one of this process.</summary>
    public long Incarnation { get; }

    /// <summary>True if an alarm brought it into memory, and nobody waits for an answer.</summary>
    public bool IsUnrequested { get; init; }

    public ObjectLoop Loop { get; }

    public OutputGate Gate { get; } = new(0);

    public ObjectDatabase Database { get; }

    public SqlStorage Sql { get; }

    public KvStorage Kv { get; }

    public ObjectSockets Sockets => field ??= Runtime.Sockets.For(Id);

    public IObjectCode Code => _code!;

    /// <summary>Completes when nothing of this activation is left and the next may open the database.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>True once nothing of it may be committed or answered any more.</summary>
    public bool IsStopping => Volatile.Read(ref _broken) is not null;

    /// <summary>True until it begins to leave; after that, calls belong to the next activation, wherever that is.</summary>
    public bool TakesCalls => !Volatile.Read(ref _closing) && !IsStopping;

    /// <summary>What broke it; null while it works.</summary>
    public Exception? Broken => Volatile.Read(ref _broken);

    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>When the event that runs now began, as a timestamp; 0 if none runs.</summary>
    public long TurnStarted => Volatile.Read(ref _turnStarted);

    /// <summary>Begins the start: storage, constructor. Calls may come at once; they wait at the gate.</summary>
    public void Begin() => Loop.Enqueue(new LoopEvent(Loop.BaseContext, static s => _ = ((ActiveObject)s!).StartAsync(), this));

    private async Task StartAsync()
    {
        try
        {
            await Loop.EnterSection(Loop.BaseContext, async _ =>
            {
                try
                {
                    await StartInSectionAsync();
                    return true;
                }
                catch (Exception e)
                {
                    // Inside the section still: the calls that wait at its end must not find an object without code.
                    FailStart(e);
                    throw;
                }
            });
        }
        catch (Exception e)
        {
            FailStart(e);
        }
    }

    private async Task StartInSectionAsync()
    {
        if (Runtime.Home is { } home)
        {
            await PrepareAsync(home);
        }

        await Database.StartAsync();
        if (Id.Name is null && Database.Metadata.Name is { } name)
        {
            Id = Id.Named(name);
        }

        t_constructing = this;
        try
        {
            _code = Class.Create(Runtime.Services);
        }
        finally
        {
            t_constructing = null;
        }

        for (var i = 0; i < _startingSections.Count; i++)
        {
            await _startingSections[i];
        }

        lock (_lock)
        {
            _started = true;
            _open = !_closing;
        }
    }

    private void FailStart(Exception e)
    {
        if (e is ClaimException)
        {
            e = new DurableObjectException("unavailable", $"{Id} cannot be had now: {e.Message}", e) { Retryable = true };
        }

        if (!IsStopping)
        {
            Runtime.StartFailed(this, e);
            Break(e);
        }
    }

    // Claims the object and makes its local copy current. What waits here is not of the loop: if the object breaks
    // meanwhile, the loop drops all its continuations, and the claim must be given back all the same.
    private async Task PrepareAsync(IObjectHome home)
    {
        if (!home.TryPrepare(Key, out var claim))
        {
            _preparing = new CancellationTokenSource();
            lock (_lock)
            {
                if (_broken is { } broken)
                {
                    throw broken;
                }

                _prepared = Runtime.Starts.RunAsync(home, Key, IsUnrequested, _preparing.Token);
            }

            claim = await _prepared;
        }

        _claim = claim;
        Gate.Hold(claim, ClaimLost);
    }

    private void ClaimLost(Exception error) => Break(new DurableObjectException(
        "moved", $"{Id} may live on another node by now: {error.Message}", error)
    { Retryable = true });

    /// <summary>
    /// Calls the object. From outside of any object and with the loop idle, the call runs at once on this thread.
    /// </summary>
    /// <returns>False if the object is stopping: the call has not run and belongs to the next activation.</returns>
    public bool TryCall<TState, TResult>(
        Func<IObjectCode, TState, Task<TResult>> run, TState state, CallLink? chain, bool fromOutside,
        [NotNullWhen(true)] out Task<TResult>? result)
    {
        if (fromOutside && Volatile.Read(ref _open) && Loop.TryEnter())
        {
            result = CallInline(run, state);
            return true;
        }

        if (!TakesCalls)
        {
            result = null;
            return false;
        }

        if (IsUnrequested && !_started)
        {
            Runtime.Starts.Hurry(Key);
        }

        if (Loop.Backlog >= Runtime.Options.QueuedCallsMax)
        {
            result = Task.FromException<TResult>(Overload());
            return true;
        }

        var call = new ObjectCall<TState, TResult>(this, chain, run, state);
        if (!Remember(call))
        {
            result = null;
            return false;
        }

        Loop.Enqueue(call.AsEvent());
        result = call.Task;
        return true;
    }

    private Task<TResult> CallInline<TState, TResult>(Func<IObjectCode, TState, Task<TResult>> run, TState state)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(Loop.BaseContext);
        ObjectCall<TState, TResult>? call = null;
        Task<TResult> task;
        try
        {
            TurnBegan();
            try
            {
                task = run(_code!, state);
            }
            catch (Exception e)
            {
                task = Task.FromException<TResult>(e);
            }

            if (!task.IsCompleted)
            {
                call = new ObjectCall<TState, TResult>(this, chain: null, run, state);
                if (Remember(call, running: true))
                {
                    call.Adopt(task);
                }
                else
                {
                    call.Fail(_broken!);
                }

                return call.Task;
            }

            // Nothing was written that anybody would have to wait for: the answer may leave as it is.
            if (!Database.HasUncommitted && Gate.IsOpen)
            {
                return task.IsCompletedSuccessfully ? Runtime.Copier.CopyTask(task) : task;
            }

            call = new ObjectCall<TState, TResult>(this, chain: null, run, state);
            if (task.IsCompletedSuccessfully)
            {
                call.SetResult(task);
            }
            else
            {
                call.SetOutcome(default, task.Exception?.InnerException ?? new TaskCanceledException(task));
            }

            Leave(call);
            return call.Task;
        }
        catch (Exception e)
        {
            return Task.FromException<TResult>(e);
        }
        finally
        {
            TurnEnded(more: false);
            SynchronizationContext.SetSynchronizationContext(before);
            Loop.Leave();
        }
    }

    private bool Remember(ObjectCall call, bool running = false)
    {
        lock (_lock)
        {
            if (_broken is not null || (_closing && !running))
            {
                return false;
            }

            _calls.Add(call);
            return true;
        }
    }

    public void Forget(ObjectCall call)
    {
        lock (_lock)
        {
            _calls.Remove(call);
        }
    }

    /// <inheritdoc/>
    public void Leave(IGateWaiter waiter)
    {
        if (Database.HasUncommitted)
        {
            _leaving.Add(waiter);
        }
        else
        {
            PassLeaving();
            Pass(waiter);
        }
    }

    /// <summary>What waited for a transaction that is not open any more goes to the gate. On the loop.</summary>
    /// <param name="written">True if the transaction has just been handed to the log, and the gate waits for it.</param>
    public void PassLeaving(bool written = false)
    {
        if (_leaving.Count == 0)
        {
            return;
        }

        // Taken out first: what passes may make something else leave.
        var leaving = _leaving.ToArray();
        _leaving.Clear();
        foreach (var waiter in leaving)
        {
            Pass(waiter, written);
        }
    }

    /// <inheritdoc/>
    public bool MayLeave()
    {
        if (!Database.HasUncommitted && _leaving.Count == 0 && Gate.IsOpen)
        {
            return true;
        }

        if (Database.InAsyncTransaction)
        {
            throw new InvalidOperationException("Inside Storage.Transaction nothing can leave the object after the first write: it would wait for the end of the transaction. Call out before it or after it.");
        }

        return false;
    }

    /// <summary>Completes when everything the object has written so far is confirmed. On the loop.</summary>
    /// <exception cref="InvalidOperationException">An async transaction has written: its end would wait for this.</exception>
    public Task LeaveAsync()
    {
        if (MayLeave())
        {
            return Task.CompletedTask;
        }

        var waiter = new LeavingTask();
        Leave(waiter);
        return waiter.Task;
    }

    /// <summary>Completes when every write so far is confirmed, those that nothing else waits for too. On the loop.</summary>
    public Task SyncAsync()
    {
        Database.RequireAll();
        return LeaveAsync();
    }

    /// <summary>
    /// As <see cref="LeaveAsync"/>, from any thread: code that the object called, such as a serializer, may have left the
    /// loop. No input gate holds this back, for the object's own code waits for it.
    /// </summary>
    public Task LeaveFromAnywhereAsync()
    {
        if (TurnContext.Current?.Loop == Loop)
        {
            return LeaveAsync();
        }

        var left = new LeavingTask();
        Loop.Enqueue(new LoopEvent(
            Loop.BaseContext,
            static s =>
            {
                var (self, left) = ((ActiveObject, LeavingTask))s!;
                try
                {
                    if (self._broken is { } broken)
                    {
                        left.Fail(broken);
                    }
                    else if (self.MayLeave())
                    {
                        left.Pass();
                    }
                    else
                    {
                        self.Leave(left);
                    }
                }
                catch (InvalidOperationException e)
                {
                    left.Fail(e);
                }
            },
            (this, left),
            IgnoresGate: true));
        return left.Task;
    }

    private void Pass(IGateWaiter waiter, bool written = false)
    {
        waiter.Transaction = Gate.Required;
        if (!Gate.TryWait(waiter, written))
        {
            waiter.Pass();
        }
    }

    /// <inheritdoc/>
    public void TurnBegan() => Volatile.Write(ref _turnStarted, Runtime.CoarseNow);

    /// <inheritdoc/>
    public void TurnEnded(bool more)
    {
        Volatile.Write(ref _lastUsed, Runtime.CoarseNow);
        Volatile.Write(ref _turnStarted, 0);
        if (more && ++_turnsTogether < TurnsTogetherMax)
        {
            // Events that wait already are committed together: the pages they share are then written once. Nothing
            // leaves meanwhile, and nobody waits longer than for the events that came before.
            Database.JoinNextTurn();
            return;
        }

        _turnsTogether = 0;
        try
        {
            Database.EndTurn();
            if (_leaving.Count > 0 && !Database.HasUncommitted)
            {
                PassLeaving();
            }
        }
        catch (Exception e)
        {
            Break(e);
        }
    }

    /// <inheritdoc/>
    public void Faulted(Exception error)
    {
        Runtime.LogFaulted(Id, error);
        Break(new DurableObjectException("object_reset", $"{Id} was reset: its code threw where no caller can be told ({error.GetType().Name}: {error.Message}).", error));
    }

    public Task<T> BlockConcurrencyWhile<T>(Func<Task<T>> callback)
    {
        var context = Turn();
        var task = Loop.EnterSection(context, section => Guarded(callback));
        if (!_started)
        {
            _startingSections.Add(task);
        }

        return task;
    }

    /// <summary>Resets the object if a critical section takes too long; disposing the timer ends the watch.</summary>
    public ITimer LimitSection() => Runtime.Time.CreateTimer(
        static s => ((ActiveObject)s!).SectionTimedOut(), this, Runtime.Options.CriticalSectionTimeout, Timeout.InfiniteTimeSpan);

    // A critical section that fails or does not end leaves the object in a state nobody has thought of.
    private async Task<T> Guarded<T>(Func<Task<T>> callback)
    {
        using var timeout = LimitSection();
        try
        {
            return await callback();
        }
        catch (Exception e)
        {
            Break(e);
            throw;
        }
    }

    private void SectionTimedOut() => Break(new DurableObjectException(
        "blocked_too_long",
        $"{Id} was reset: BlockConcurrencyWhile or Transaction took longer than {Runtime.Options.CriticalSectionTimeout.TotalSeconds:0} s.")
    { Retryable = true });

    public void WaitUntil(Task work)
    {
        Interlocked.Increment(ref _background);
        _ = ObserveAsync(work);
    }

    private async Task ObserveAsync(Task work)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Runtime.LogBackgroundFailed(Id, e);
        }
        finally
        {
            Interlocked.Decrement(ref _background);
        }
    }

    public DurableObjectException Abort(string reason)
    {
        Turn();
        var error = new DurableObjectException("aborted", $"{Id} was aborted: {reason}") { Retryable = true };
        Database.Abandon();
        Break(error);
        return error;
    }

    /// <summary>The context of the code that runs now, which must be this object's.</summary>
    public TurnContext Turn()
    {
        var context = TurnContext.Current;
        return context?.Loop == Loop
            ? context
            : throw new InvalidOperationException($"This belongs to {Id} and can only be used by its own code, on its event loop. (ConfigureAwait(false) and Task.Run leave the loop.)");
    }

    /// <summary>
    /// Ends the activation because something failed. Nothing that has not left yet leaves; all callers get the error.
    /// Thread-safe; only the first cause counts.
    /// </summary>
    public void Break(Exception error)
    {
        ObjectCall[] calls;
        lock (_lock)
        {
            if (_broken is not null)
            {
                return;
            }

            Volatile.Write(ref _broken, error);
            Volatile.Write(ref _open, false);
            calls = [.. _calls];
            _calls.Clear();
        }

        _preparing?.Cancel();
        Gate.Break(error);
        Loop.Close();
        Runtime.Remove(this);
        foreach (var call in calls)
        {
            call.Fail(error);
        }

        Loop.Enqueue(new LoopEvent(Loop.BaseContext, static s => _ = ((ActiveObject)s!).FinishAsync(), this, IgnoresGate: true));
    }

    /// <summary>Ends the activation in good order, if nothing is going on. On the loop.</summary>
    private bool TryRetire()
    {
        lock (_lock)
        {
            if (_broken is not null || _calls.Count > 0 || Volatile.Read(ref _background) > 0 || !_started
                || Loop.Backlog > 0 || Loop.InSection || !Gate.IsOpen || Database.HasUncommitted)
            {
                return false;
            }

            Volatile.Write(ref _broken, new DurableObjectException("stopping", $"{Id} has left memory.") { Retryable = true });
            Volatile.Write(ref _open, false);
        }

        Loop.Close();
        Runtime.Remove(this);
        _ = FinishAsync();
        return true;
    }

    /// <summary>
    /// Ends the activation in good order: takes no more calls, lets those under way end, and breaks what has not ended in
    /// time. Completes when nothing is left of it.
    /// </summary>
    /// <param name="grace">How long calls may take to end.</param>
    /// <param name="late">What those hear that take longer.</param>
    public async Task CloseAsync(TimeSpan grace, DurableObjectException late)
    {
        lock (_lock)
        {
            Volatile.Write(ref _closing, true);
            Volatile.Write(ref _open, false);
        }

        Runtime.Remove(this);
        using var given = new CancellationTokenSource(grace, Runtime.Time);
        while (!_stopped.Task.IsCompleted && !given.IsCancellationRequested)
        {
            RequestRetire();
            await Task.WhenAny(_stopped.Task, Task.Delay(s_retireAgain, Runtime.Time, CancellationToken.None)).ConfigureAwait(false);
        }

        Break(late);
        await _stopped.Task.ConfigureAwait(false);
    }

    // A call's end makes the object retire; this is how soon that is noticed.
    private static readonly TimeSpan s_retireAgain = TimeSpan.FromMilliseconds(10);

    /// <summary>Asks the object to leave memory if it is idle when the loop gets to it.</summary>
    public void RequestRetire() =>
        Loop.Enqueue(new LoopEvent(Loop.BaseContext, static s => ((ActiveObject)s!).TryRetire(), this, IgnoresGate: true));

    /// <summary>Asks the object to close its database when the loop gets to it, so that another one can be open.</summary>
    public void RequestSuspend() => Loop.Enqueue(new LoopEvent(
        Loop.BaseContext,
        static s =>
        {
            var self = (ActiveObject)s!;
            if (!self._stopped.Task.IsCompleted)
            {
                self.Database.TrySuspend();
            }
        },
        this,
        IgnoresGate: true));

    /// <summary>True if no call, background work or unconfirmed write keeps the object in memory.</summary>
    public bool IsIdle => _started && !Loop.IsBusy && Volatile.Read(ref _background) == 0 && CallCount == 0;

    private int CallCount
    {
        get
        {
            lock (_lock)
            {
                return _calls.Count;
            }
        }
    }

    // The last event of the loop.
    private async Task FinishAsync()
    {
        try
        {
            var leaving = _leaving.ToArray();
            _leaving.Clear();
            foreach (var waiter in leaving)
            {
                waiter.Fail(_broken!);
            }

            await Database.CloseAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Runtime.LogCloseFailed(Id, e);
        }
        finally
        {
            await GiveBackClaimAsync().ConfigureAwait(false);
            Runtime.Gone(this);
            _stopped.TrySetResult();
        }
    }

    private async Task GiveBackClaimAsync()
    {
        if (_prepared is { } prepared)
        {
            await ((Task)prepared).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _claim ??= prepared.IsCompletedSuccessfully ? prepared.Result : null;
            _preparing!.Dispose();
        }

        _claim?.Dispose();
    }

    /// <inheritdoc/>
    public void Confirmed(ulong transaction)
    {
        Gate.Confirm(transaction);
        Database.Confirmed(transaction);
    }

    /// <inheritdoc/>
    public void Failed(StorageException error) => Break(new DurableObjectException(
        "storage_failed", $"{Id} could not make its writes durable, and starts again from what is: {error.Message}", error)
    { Retryable = true });

    private DurableObjectException Overload() => new(
        "overloaded", $"{Id} has {Runtime.Options.QueuedCallsMax} calls waiting. Call it less often, or spread the load over more objects.")
    { Overloaded = true, Retryable = true };

    // Never continues where it is completed: that is the log's thread, or the middle of this object's own housekeeping.
    private sealed class LeavingTask() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), IGateWaiter
    {
        public ulong Transaction { get; set; }

        public void Pass() => TrySetResult();

        public void Fail(Exception error) => TrySetException(error);
    }
}
