using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Fleet;
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

    // Not null while something waits for the object to be found, or is being sent to its node.
    private LinkedList<WaitingCall>? _queued;

    // Sent to another node, and not known to have arrived.
    private LinkedList<WaitingCall>? _sent;
    private ObjectPlace? _lastPlace;
    private long _lastSent;
    private long _sends;
    private long _numbers;
    private long _arrivedTo = long.MaxValue;
    private ActiveObject? _last;

    /// <summary>Tells the calls through this stub from all others.</summary>
    public Guid Stream => _stream == Guid.Empty ? _stream = Guid.NewGuid() : _stream;

    private Guid _stream;

    public DurableObjectId Id { get; } = id;

    public ObjectRuntime Runtime => runtime;

    private ObjectKey Key => new(Id.Namespace, Id.Value);

    /// <summary>Calls the object.</summary>
    /// <param name="run">What to do with the object's code, on its loop.</param>
    /// <param name="state">Passed to it.</param>
    /// <param name="travel">How the call gets to another node; null if it cannot.</param>
    /// <param name="ordered">Whether, on the way to another node, it keeps its place among the calls through this stub.</param>
    public Task<TResult> Call<TState, TResult>(
        Func<IObjectCode, TState, Task<TResult>> run, TState state, Travel<TState, TResult>? travel = null, bool ordered = true)
    {
        var caller = TurnContext.Current;
        if (caller is null)
        {
            return Deliver(run, state, travel, ordered, chain: null, fromOutside: true);
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
            return Deliver(run, state, travel, ordered, chain, fromOutside: false);
        }

        var leaving = new WaitingCall<TState, TResult>(this, run, state, travel, chain) { IsOrdered = ordered };
        caller.Loop.Owner.Leave(leaving);
        return leaving.Task;
    }

    private Task<TResult> Deliver<TState, TResult>(
        Func<IObjectCode, TState, Task<TResult>> run, TState state, Travel<TState, TResult>? travel, bool ordered, CallLink? chain, bool fromOutside)
    {
        if (Volatile.Read(ref _queued) is null && FindActive() is { } active
            && active.TryCall(run, state, chain, fromOutside, out var result))
        {
            _last = active;
            return result;
        }

        var call = new WaitingCall<TState, TResult>(this, run, state, travel, chain) { IsOrdered = ordered };
        Deliver(call);
        return call.Task;
    }

    /// <summary>
    /// Hands a call to the object, or queues it behind those that wait for the object to be found: calls through one stub
    /// arrive in the order they were made.
    /// </summary>
    public void Deliver(WaitingCall call)
    {
        lock (_order)
        {
            call.Number = ++_numbers;
            if (_queued is not null)
            {
                _queued.AddLast(call);
                return;
            }

            if (FindActive() is { } active && call.TryDeliver(active))
            {
                _last = active;
                return;
            }

            Volatile.Write(ref _queued, new LinkedList<WaitingCall>([call]));
        }

        _ = PumpAsync();
    }

    /// <summary>A call came to where the object is not (any more), and has not run. It goes to the front again.</summary>
    /// <param name="call">The call.</param>
    /// <param name="place">Where it was sent to.</param>
    /// <param name="arrivedTo">The last call before it that has arrived there.</param>
    public void Return(WaitingCall call, ObjectPlace place, long arrivedTo)
    {
        runtime.Fleet!.Forget(Key, place);
        lock (_order)
        {
            _arrivedTo = Math.Min(_arrivedTo, arrivedTo);
            if (_queued is not null)
            {
                var before = _queued.First;
                while (before is not null && before.Value.Number < call.Number)
                {
                    before = before.Next;
                }

                _ = before is null ? _queued.AddLast(call) : _queued.AddBefore(before, call);
                return;
            }

            Volatile.Write(ref _queued, new LinkedList<WaitingCall>([call]));
        }

        _ = PumpAsync();
    }

    private ActiveObject? FindActive() => _last is { TakesCalls: true } last ? last : runtime.Find(Key);

    private async Task PumpAsync()
    {
        // Not on the caller's thread: it may be inside its own object.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var search = new PlaceSearch(runtime, Key, Id.Name, hint);
        while (true)
        {
            try
            {
                await AllBackAsync().ConfigureAwait(false);
                var (active, elsewhere) = await search.FindAsync().ConfigureAwait(false);
                if (active is not null ? TryDeliverAll(active) : TrySendAll(elsewhere!))
                {
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

    // When a call comes back, so do all that were sent there after the last one that arrived; but threads may notice in
    // any order. They are waited for, so that all of them are in line again before the first is sent on.
    private async Task AllBackAsync()
    {
        while (true)
        {
            Task[] missed;
            lock (_order)
            {
                missed = _sent is null ? [] : [.. _sent.Where(c => c.Way.Own > _arrivedTo && !c.Settled.IsCompleted).Select(static c => c.Settled)];
                if (missed.Length == 0)
                {
                    _arrivedTo = long.MaxValue;
                    return;
                }
            }

            await Task.WhenAll(missed).ConfigureAwait(false);
        }
    }

    private bool TryDeliverAll(ActiveObject active)
    {
        lock (_order)
        {
            while (_queued!.First is { } first)
            {
                if (!first.Value.TryDeliver(active))
                {
                    return false;
                }

                _queued.RemoveFirst();
            }

            Volatile.Write(ref _queued, null);
            _last = active;
            return true;
        }
    }

    private bool TrySendAll(ObjectPlace place)
    {
        while (true)
        {
            WaitingCall call;
            lock (_order)
            {
                if (_queued!.First is not { } first)
                {
                    Volatile.Write(ref _queued, null);
                    return true;
                }

                if (!ReferenceEquals(runtime.Fleet!.PlaceOf(Key), place))
                {
                    // One that was sent before has come back.
                    return false;
                }

                call = first.Value;
                _queued.RemoveFirst();
                if (call.IsOrdered)
                {
                    var now = runtime.Time.GetTimestamp();
                    var before = ReferenceEquals(_lastPlace, place) && runtime.Time.GetElapsedTime(_lastSent, now) < CallOrder.Kept / 2 ? _sends : 0;
                    (_lastPlace, _lastSent) = (place, now);
                    call.Way = new CallNumber(++_sends, before);
                    call.Sent();
                    (_sent ??= new()).AddLast(call);
                    _ = ForgetSentAsync(call);
                }
            }

            // Outside the lock: arguments are serialized, and that can be anybody's code.
            call.Send(place);
        }
    }

    private async Task ForgetSentAsync(WaitingCall call)
    {
        await call.Settled.ConfigureAwait(false);
        lock (_order)
        {
            _sent!.Remove(call);
        }
    }

    private void FailAll(Exception error)
    {
        LinkedList<WaitingCall> failed;
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
