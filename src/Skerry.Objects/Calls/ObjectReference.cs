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

        var chain = new CallLink(caller.Loop, caller.Section, caller.Chain);
        if (chain.Depth > ChainMax)
        {
            return Task.FromException<TResult>(new DurableObjectException(
                "too_deep", $"{Id} was called through a chain of more than {ChainMax} objects; a recursion between objects does not end."));
        }

        var gate = caller.Loop.Owner.LeaveAsync();
        return gate.IsCompletedSuccessfully
            ? Deliver(run, state, chain, fromOutside: false)
            : AfterGate(gate, run, state, chain);
    }

    private async Task<TResult> AfterGate<TState, TResult>(
        Task gate, Func<IObjectCode, TState, Task<TResult>> run, TState state, CallLink chain)
    {
        // Resumes on the thread that confirms, in the order of the calls; delivering only enqueues, so it is not held up.
        await gate.ConfigureAwait(false);
        return await Deliver(run, state, chain, fromOutside: false).ConfigureAwait(false);
    }

    private Task<TResult> Deliver<TState, TResult>(
        Func<IObjectCode, TState, Task<TResult>> run, TState state, CallLink? chain, bool fromOutside)
    {
        var active = _last is { IsStopping: false } last ? last : runtime.Find(Key);
        if (active is not null && active.TryCall(run, state, chain, fromOutside, out var result))
        {
            _last = active;
            return result;
        }

        return Activate(run, state, chain);
    }

    private async Task<TResult> Activate<TState, TResult>(
        Func<IObjectCode, TState, Task<TResult>> run, TState state, CallLink? chain)
    {
        while (true)
        {
            var active = await runtime.GetAsync(Key, Id.Name, hint).ConfigureAwait(false);
            if (active.TryCall(run, state, chain, fromOutside: false, out var result))
            {
                _last = active;
                return await result.ConfigureAwait(false);
            }

            await Task.Yield();
        }
    }

    /// <summary>Passes an HTTP request to the object.</summary>
    public Task Fetch(HttpContext context) => Http.ObjectFetch.InvokeAsync(this, context);
}
