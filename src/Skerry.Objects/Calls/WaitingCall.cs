using Skerry.Objects.Activation;
using Skerry.Objects.Fleet;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Calls;

/// <summary>
/// A call that cannot be delivered at once: the caller's writes are not confirmed yet, or the object is not in memory
/// here. Passing the caller's output gate, it is delivered on the confirming thread, in the order of the calls;
/// delivering only enqueues, so that thread is not held up.
/// </summary>
internal abstract class WaitingCall(ObjectReference reference) : IGateWaiter
{
    private TaskCompletionSource? _settled;

    public ulong Transaction { get; set; }

    /// <summary>Its place among the calls through one stub.</summary>
    public long Number { get; set; }

    /// <summary>Its place among what was sent through that stub; another one each time it is sent.</summary>
    public CallNumber Way { get; set; }

    /// <summary>Completes when the call has been answered, or has come back.</summary>
    public Task Settled => _settled?.Task ?? Task.CompletedTask;

    /// <summary>False for what may overtake: it travels another way.</summary>
    public required bool IsOrdered { get; init; }

    protected ObjectReference Reference => reference;

    public void Pass() => reference.Deliver(this);

    /// <summary>Hands the call to the object; false if it is leaving.</summary>
    public abstract bool TryDeliver(ActiveObject active);

    /// <summary>Sends the call to the node that the object is on. It comes back through <see cref="ObjectReference.Return"/> if the object is not there.</summary>
    public abstract void Send(ObjectPlace place);

    public abstract void Fail(Exception error);

    /// <summary>It is about to be sent.</summary>
    public void Sent() => _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    protected void Settle() => _settled?.TrySetResult();
}

/// <inheritdoc cref="WaitingCall"/>
internal sealed class WaitingCall<TState, TResult>(
    ObjectReference reference, Func<IObjectCode, TState, Task<TResult>> run, TState state, Travel<TState, TResult>? travel, CallLink? chain) : WaitingCall(reference)
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

    public override void Send(ObjectPlace place)
    {
        if (travel is null)
        {
            Fail(new DurableObjectException("moved", $"{Reference.Id} lives on another node now; what happened on a connection to this one cannot reach it.") { Retryable = true });
            return;
        }

        _ = SendAsync(place, travel);
    }

    private async Task SendAsync(ObjectPlace place, Travel<TState, TResult> travel)
    {
        try
        {
            var travelled = await travel(Reference, place, Way, chain, state).ConfigureAwait(false);
            if (travelled.Arrived)
            {
                _outcome.TrySetResult(travelled.Result);
            }
            else
            {
                Reference.Return(this, place, travelled.ArrivedTo);
            }
        }
        catch (Exception e)
        {
            _outcome.TrySetException(e);
        }
        finally
        {
            Settle();
        }
    }

    public override void Fail(Exception error)
    {
        _outcome.TrySetException(error);
        Settle();
    }
}
