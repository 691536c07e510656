using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Loop;
using Skerry.Storage;

namespace Skerry.Objects.Calls;

/// <summary>
/// The way to one object: finds it in memory or brings it there, and carries calls to it. A call made by another object
/// waits at that object's output gate first, and takes the chain of calls along. Thread-safe.
/// </summary>
internal sealed class ObjectReference(ObjectRuntime runtime, DurableObjectId id, LocationHint? hint)
{
    // A chain this deep is a recursion that will not end.
    private const int ChainMax = 64;

    private readonly Lock _order = new();
    private Queue<WaitingCall>? _queued;
    private ActiveObject? _last;

    public DurableObjectId Id { get; } = id;

    public ObjectRuntime Runtime => runtime;

    private ObjectKey Key => new(Id.Namespace, Id.Value);

    public Task<TResult> Call<TState, TResult>(Func<IObjectCode, TState, Task<TResult>> run, TState state)
    {
        var caller = TurnContext.Current;
        if (caller is null)
        {
            return Deliver(run, state, chain: null, fromOutside: true);
        }

        var chain = new CallLink(caller.Loop, CriticalSection.Innermost(caller.Section), caller.Chain);
        if (chain.Depth > ChainMax)
        {
            return Task.FromException<TResult>(new DurableObjectException(
                "too_deep", $"{Id} was called through a chain of more than {ChainMax} objects; a recursion between objects does not end."));
        }

        bool mayLeave;
        try
        {
            mayLeave = caller.Loop.Owner.MayLeave();
        }
        catch (InvalidOperationException e)
        {
            return Task.FromException<TResult>(e);
        }

        if (mayLeave)
        {
            return Deliver(run, state, chain, fromOutside: false);
        }

        var leaving = new WaitingCall<TState, TResult>(this, run, state, chain);
        caller.Loop.Owner.Leave(leaving);
        return leaving.Task;
    }

    private Task<TResult> Deliver<TState, TResult>(
        Func<IObjectCode, TState, Task<TResult>> run, TState state, CallLink? chain, bool fromOutside)
    {
        if (Volatile.Read(ref _queued) is null && FindActive() is { } active
            && active.TryCall(run, state, chain, fromOutside, out var result))
        {
            _last = active;
            return result;
        }

        var call = new WaitingCall<TState, TResult>(this, run, state, chain);
        Deliver(call);
        return call.Task;
    }

    /// <summary>
    /// Hands a call to the object, or queues it behind those that wait for the object to come into memory: calls through
    /// one stub arrive in the order they were made.
    /// </summary>
    public void Deliver(WaitingCall call)
    {
        lock (_order)
        {
            if (_queued is not null)
            {
                _queued.Enqueue(call);
                return;
            }

            if (FindActive() is { } active && call.TryDeliver(active))
            {
                _last = active;
                return;
            }

            Volatile.Write(ref _queued, new Queue<WaitingCall>([call]));
        }

        _ = ActivateAsync();
    }

    private ActiveObject? FindActive() => _last is { IsStopping: false } last ? last : runtime.Find(Key);

    private async Task ActivateAsync()
    {
        // Not on the caller's thread: it may be inside its own object.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            try
            {
                var active = await runtime.GetAsync(Key, Id.Name, hint).ConfigureAwait(false);
                if (TryDeliverAll(active))
                {
                    _last = active;
                    return;
                }
            }
            catch (Exception e)
            {
                FailAll(e);
                return;
            }

            await Task.Yield();
        }
    }

    private bool TryDeliverAll(ActiveObject active)
    {
        lock (_order)
        {
            while (_queued!.TryPeek(out var call))
            {
                if (!call.TryDeliver(active))
                {
                    return false;
                }

                _queued.Dequeue();
            }

            Volatile.Write(ref _queued, null);
            return true;
        }
    }

    private void FailAll(Exception error)
    {
        Queue<WaitingCall> failed;
        lock (_order)
        {
            failed = _queued!;
            Volatile.Write(ref _queued, null);
        }

        foreach (var call in failed)
        {
            call.Fail(error);
        }
    }

    /// <summary>Passes an HTTP request to the object.</summary>
    public Task Fetch(HttpContext context) => Http.ObjectFetch.InvokeAsync(this, context);
}
