using Skerry.Objects.Activation;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Calls;

/// <summary>
/// A call that cannot be delivered at once: the caller's writes are not confirmed yet, or the object is not in memory.
/// Passing the caller's output gate, it is delivered on the confirming thread, in the order of the calls; delivering
/// only enqueues, so that thread is not held up.
/// </summary>
internal abstract class WaitingCall(ObjectReference reference) : IGateWaiter
{
    public ulong Transaction { get; set; }

    public void Pass() => reference.Deliver(this);

    /// <summary>Hands the call to the object; false if it is stopping.</summary>
    public abstract bool TryDeliver(ActiveObject active);

    public abstract void Fail(Exception error);
}

/// <inheritdoc cref="WaitingCall"/>
internal sealed class WaitingCall<TState, TResult>(
    ObjectReference reference, Func<IObjectCode, TState, Task<TResult>> run, TState state, CallLink? chain) : WaitingCall(reference)
{
    private readonly TaskCompletionSource<TResult> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Task => _outcome.Task;

    public override bool TryDeliver(ActiveObject active)
    {
        if (!active.TryCall(run, state, chain, fromOutside: false, out var result))
        {
            return false;
        }

        _ = RelayAsync(result);
        return true;
    }

    private async Task RelayAsync(Task<TResult> result)
    {
        await ((Task)result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _outcome.SetFromTask(result);
    }

    public override void Fail(Exception error) => _outcome.TrySetException(error);
}
