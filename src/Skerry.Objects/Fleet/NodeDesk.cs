using System.Collections.Concurrent;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Storage;

namespace Skerry.Objects.Fleet;

/// <summary>The receiving side of calls from other nodes; see <see cref="IObjectNode"/>. Thread-safe.</summary>
internal sealed class NodeDesk(ObjectRuntime runtime)
{
    // Well under the time after which a silent node is given up: an answer that got lost is noticed by asking.
    private static readonly TimeSpan s_answerAfter = TimeSpan.FromSeconds(10);

    // An answer that nobody fetches: its caller's node is gone.
    private static readonly TimeSpan s_answerKept = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, Task<CallReply>> _running = new();
    private readonly ConcurrentDictionary<Guid, CancellationTokenSource> _cancellable = new();
    private readonly CallOrder _order = new(runtime.Time);

    public async Task<CallReply> Call(CallRequest request)
    {
        Task<CallReply>? reply = null;
        return await _order.TakeAsync(
            request.Stream,
            request.Order,
            request.Follows,
            arrivedTo =>
            {
                reply = TryServe(request);
                if (reply is not null)
                {
                    return true;
                }

                reply = Task.FromResult(CallReply.NotHere(arrivedTo));
                return false;
            }).ConfigureAwait(false)
            ? await AnswerAsync(request.Number, reply!).ConfigureAwait(false)
            : CallReply.Failed(new DurableObjectException("node_lost", "A call to another node came too late, and has not run.") { Retryable = true });
    }

    // Null if the object is not here: the call has not run.
    private Task<CallReply>? TryServe(CallRequest request)
    {
        if (!Id256.TryParse(request.Id, out var id)
            || !runtime.TryFind(new ObjectKey(request.Namespace, id), request.Incarnation, out var active, out var failure))
        {
            return null;
        }

        if (active is null)
        {
            return Task.FromResult(CallReply.Failed(failure!));
        }

        if (active.Class.FindMethod(request.Method) is not { } method)
        {
            return Task.FromResult(CallReply.Failed(new DurableObjectException(
                "no_method", $"The class of {active.Id} on this node has no method '{request.Method}'; the nodes run different versions.")));
        }

        CancellationTokenSource? cancel = null;
        if (method.TakesToken)
        {
            _cancellable[request.Number] = cancel = new CancellationTokenSource();
        }

        if (method.TryServe(active, request.Arguments, CallChain.Arrive(runtime, request.Chain), cancel?.Token ?? default, out var result))
        {
            return ReplyAsync(request.Number, result);
        }

        _cancellable.TryRemove(request.Number, out _);
        return null;
    }

    public Task<CallReply> Wait(Guid number) => _running.TryGetValue(number, out var reply)
        ? AnswerAsync(number, reply)
        : Task.FromResult(CallReply.Failed(new DurableObjectException(
            "answer_lost", "The answer of a call to another node was lost. It may have run.")
        { Retryable = true }));

    public Task Cancel(Guid number)
    {
        if (_cancellable.TryGetValue(number, out var cancel))
        {
            // Callbacks are code of the object's; not in this turn.
            _ = cancel.CancelAsync();
        }

        return Task.CompletedTask;
    }

    public async Task<CallReply> RunAlarm(string @namespace, string id, long incarnation)
    {
        if (!Id256.TryParse(id, out var value)
            || !runtime.TryFind(new ObjectKey(@namespace, value), incarnation, out var active, out var failure))
        {
            return CallReply.NotHere(0);
        }

        if (active is null)
        {
            return CallReply.Failed(failure!);
        }

        // The object has the alarm in its own schedule from now on, if it is not due or its handler runs for long.
        if (!active.TryCall(static (code, database) => database.RunAlarm(code), active.Database, chain: null, fromOutside: false, out var run))
        {
            return CallReply.NotHere(0);
        }

        try
        {
            long? stored = 0;
            try
            {
                stored = await run.WaitAsync(s_answerAfter, runtime.Time).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!run.IsCompleted)
            {
                runtime.Alarms.Adopt(active.Key, runtime.NowMs + (long)s_answerAfter.TotalMilliseconds);
            }

            // What the handler has changed is confirmed. What it has not is to outlive this node, for the caller forgets it.
            if (stored is not null && runtime.Home is { } home)
            {
                using var limit = new CancellationTokenSource(s_answerAfter, runtime.Time);
                await home.KeepAlarmsAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            return CallReply.Failed(e);
        }

        return new CallReply { Outcome = CallOutcome.Answered };
    }

    private async Task<CallReply> ReplyAsync(Guid number, Task<byte[]> result)
    {
        try
        {
            return new CallReply { Outcome = CallOutcome.Answered, Result = await result.ConfigureAwait(false) };
        }
        catch (Exception e)
        {
            return CallReply.Failed(e);
        }
        finally
        {
            if (_cancellable.TryRemove(number, out var cancel))
            {
                cancel.Dispose();
            }
        }
    }

    private async Task<CallReply> AnswerAsync(Guid number, Task<CallReply> reply)
    {
        if (!reply.IsCompleted)
        {
            using var answered = new CancellationTokenSource();
            await Task.WhenAny(reply, Task.Delay(s_answerAfter, runtime.Time, answered.Token)).ConfigureAwait(false);
            await answered.CancelAsync().ConfigureAwait(false);
        }

        if (!reply.IsCompleted)
        {
            if (_running.TryAdd(number, reply))
            {
                _ = ForgetAsync(number, reply);
            }

            return CallReply.Running;
        }

        return await reply.ConfigureAwait(false);
    }

    private async Task ForgetAsync(Guid number, Task<CallReply> reply)
    {
        await reply.ConfigureAwait(false);
        await Task.Delay(s_answerKept, runtime.Time).ConfigureAwait(false);
        _running.TryRemove(number, out _);
    }
}
