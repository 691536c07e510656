using Skerry.Objects.Loop;

namespace Skerry.Objects.Activation;

/// <summary>
/// One call on its way through an object: it waits at the input gate, runs on the loop, and its outcome, result or
/// exception, waits at the output gate. Its task then completes, never inside the object.
/// </summary>
internal abstract class ObjectCall : IGateObserver, IGateWaiter
{
    private readonly CallLink? _chain;
    private CriticalSection? _heldBy;

    protected ObjectCall(ActiveObject active, CallLink? chain)
    {
        Active = active;
        _chain = chain;
        Context = chain is null ? active.Loop.BaseContext : new TurnContext(active.Loop, section: null, chain, HoldsSection(chain) ? this : null);
    }

    public ActiveObject Active { get; }

    public TurnContext Context { get; }

    /// <summary>What the outcome waits for; set when it reaches the output gate.</summary>
    public ulong Transaction { get; set; }

    /// <summary>The event that runs the call.</summary>
    public LoopEvent AsEvent() => new(Context, static state => ((ObjectCall)state!).Start(), this);

    /// <summary>Runs the call. On the loop.</summary>
    public void Start()
    {
        EndWait();
        Run();
    }

    protected abstract void Run();

    // A chain of callers none of which holds anything back can be part of no deadlock.
    private static bool HoldsSection(CallLink? chain)
    {
        for (; chain is not null; chain = chain.Parent)
        {
            if (chain.Section is not null)
            {
                return true;
            }
        }

        return false;
    }

    public bool Held(CriticalSection holder)
    {
        if (ReferenceEquals(_heldBy, holder))
        {
            return true;
        }

        EndWait();
        if (IsOver)
        {
            return true;
        }

        if (!DeadlockDetector.TryWait(_chain!, holder))
        {
            Fail(new DurableObjectException(
                "deadlock",
                $"Deadlock: {Active.Id} is inside BlockConcurrencyWhile or Transaction and waits for a call that waits for this call. Make the call outside of it."));
            return false;
        }

        _heldBy = holder;
        return true;
    }

    protected void EndWait()
    {
        if (Interlocked.Exchange(ref _heldBy, null) is { } holder)
        {
            DeadlockDetector.EndWait(_chain!, holder);
        }
    }

    public abstract void Pass();

    public void Fail(Exception error)
    {
        EndWait();
        SetFailure(error);
    }

    protected abstract void SetFailure(Exception error);

    /// <summary>True if the caller has its answer already, be it that this call failed while it ran.</summary>
    protected abstract bool IsOver { get; }
}

/// <inheritdoc cref="ObjectCall"/>
internal sealed class ObjectCall<TState, TResult>(
    ActiveObject active, CallLink? chain, Func<IObjectCode, TState, Task<TResult>> run, TState state) : ObjectCall(active, chain)
{
    private readonly TaskCompletionSource<TResult> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult? _result;
    private Exception? _error;

    public Task<TResult> Task => _outcome.Task;

    protected override bool IsOver => _outcome.Task.IsCompleted;

    protected override void Run()
    {
        Task<TResult> task;
        try
        {
            task = run(Active.Code, state);
        }
        catch (Exception e)
        {
            _error = e;
            Active.Leave(this);
            return;
        }

        if (task.IsCompleted)
        {
            Finish(task);
        }
        else
        {
            _ = AwaitAsync(task);
        }
    }

    /// <summary>Takes over a call that began on its caller's thread and has not ended by itself.</summary>
    public void Adopt(Task<TResult> task) => _ = AwaitAsync(task);

    private async Task AwaitAsync(Task<TResult> task)
    {
        // The continuation is an event of the loop, so that the outcome meets the output gate in its own turn.
        await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Finish(task);
    }

    private void Finish(Task<TResult> task)
    {
        if (task.IsCompletedSuccessfully)
        {
            SetResult(task);
        }
        else
        {
            _error = task.Exception?.InnerException ?? new TaskCanceledException(task);
        }

        Active.Leave(this);
    }

    /// <summary>Takes a copy of the result; that it cannot be copied is an outcome too.</summary>
    public void SetResult(Task<TResult> task)
    {
        try
        {
            _result = Active.Runtime.Copier.Copy(task.Result);
        }
        catch (Exception e)
        {
            _error = e;
        }
    }

    /// <summary>Sets an outcome that was reached without the loop's help.</summary>
    public void SetOutcome(TResult? result, Exception? error)
    {
        _result = result;
        _error = error;
    }

    public override void Pass()
    {
        EndWait();
        Active.Forget(this);
        if (_error is null)
        {
            _outcome.TrySetResult(_result!);
        }
        else
        {
            _outcome.TrySetException(_error);
        }
    }

    protected override void SetFailure(Exception error)
    {
        Active.Forget(this);
        _outcome.TrySetException(error);
    }
}
