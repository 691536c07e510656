using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Objects.Fleet;
using Skerry.Objects.Loop;

namespace Skerry.Objects.History;

/// <summary>
/// A call to an object that is not for its code but for the runtime: what an operator wants to know of it. It goes the
/// way of all calls, to wherever the object is, and runs on the object's loop.
/// </summary>
/// <param name="name">What nodes call it by; no method of an interface can be named so.</param>
/// <param name="run">What it does.</param>
internal sealed class OperatorMethod<TArgument, TResult>(string name, Func<ActiveObject, TArgument, Task<TResult>> run) : ObjectMethod
{
    /// <summary>See the class.</summary>
    public string Name => name;

    /// <summary>Calls it on an object, wherever that is.</summary>
    public Task<TResult> CallAsync(ObjectReference reference, TArgument argument) => reference.Call(Run, (this, argument), Travel);

    /// <inheritdoc/>
    public override object Call(ObjectReference reference, object?[] arguments) => CallAsync(reference, (TArgument)arguments[0]!);

    /// <inheritdoc/>
    public override bool TryServe(
        ActiveObject active, byte[] arguments, CallLink? chain, CancellationToken cancel, [NotNullWhen(true)] out Task<byte[]>? result)
    {
        var argument = JsonSerializer.Deserialize<TArgument>(arguments)!;
        result = active.TryCall(Run, (this, argument), chain, fromOutside: false, out var answer) ? PackAsync(answer) : null;
        return result is not null;
    }

    private static readonly Func<IObjectCode, (OperatorMethod<TArgument, TResult> Method, TArgument Argument), Task<TResult>> Run =
        static (_, call) => call.Method.Invoke(call.Argument);

    private static readonly Travel<(OperatorMethod<TArgument, TResult> Method, TArgument Argument), TResult> Travel =
        static async (reference, place, number, chain, call) =>
        {
            var argument = JsonSerializer.SerializeToUtf8Bytes(call.Argument);
            var reply = await RemoteCall.SendAsync(reference, place, number, chain, call.Method.Name, argument, default).ConfigureAwait(false);
            return reply.Result is { } result
                ? Travelled<TResult>.Answered(JsonSerializer.Deserialize<TResult>(result)!)
                : Travelled<TResult>.Missed(reply.ArrivedTo);
        };

    private static async Task<byte[]> PackAsync(Task<TResult> answer) => JsonSerializer.SerializeToUtf8Bytes(await answer.ConfigureAwait(false));

    private Task<TResult> Invoke(TArgument argument) => run((ActiveObject)TurnContext.Current!.Loop.Owner, argument);
}
