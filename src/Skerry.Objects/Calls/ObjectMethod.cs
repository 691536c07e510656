using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Fleet;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Calls;

/// <summary>One method of an object's interface, compiled once.</summary>
internal abstract class ObjectMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, ObjectMethod> Methods = new();

    public static ObjectMethod For(MethodInfo method) => Methods.GetOrAdd(method, Make);

    /// <summary>What nodes call a method by: its name and the types of its parameters.</summary>
    public static string WireNameOf(MethodInfo method) =>
        $"{method.Name}({string.Join(',', method.GetParameters().Select(static p => p.ParameterType.ToString()))})";

    /// <summary>True if the caller can cancel it.</summary>
    public virtual bool TakesToken => false;

    /// <summary>Calls it on an object, wherever that is.</summary>
    public abstract object Call(ObjectReference reference, object?[] arguments);

    /// <summary>Calls it on an object in memory for a caller on another node.</summary>
    /// <param name="active">The object.</param>
    /// <param name="arguments">The arguments as they travelled.</param>
    /// <param name="chain">The callers behind the call.</param>
    /// <param name="cancel">What the method's tokens become.</param>
    /// <param name="result">The result, as it travels.</param>
    /// <returns>False if the object is leaving: it has not run.</returns>
    public abstract bool TryServe(
        ActiveObject active, byte[] arguments, CallLink? chain, CancellationToken cancel, [NotNullWhen(true)] out Task<byte[]>? result);

    private static ObjectMethod Make(MethodInfo method)
    {
        if (method.DeclaringType == typeof(IDurableObject))
        {
            return new FetchMethod();
        }

        var result = method.ReturnType == typeof(Task) ? typeof(Nothing) : method.ReturnType.GetGenericArguments()[0];
        return (ObjectMethod)Activator.CreateInstance(typeof(RemoteMethod<>).MakeGenericType(result), method)!;
    }

    private sealed class FetchMethod : ObjectMethod
    {
        public override object Call(ObjectReference reference, object?[] arguments) =>
            reference.Fetch((HttpContext)arguments[0]!);

        public override bool TryServe(
            ActiveObject active, byte[] arguments, CallLink? chain, CancellationToken cancel, [NotNullWhen(true)] out Task<byte[]>? result) =>
            throw new NotSupportedException("A request travels over HTTP.");
    }

    /// <summary>What a method that returns a plain <see cref="Task"/> answers.</summary>
    private readonly record struct Nothing;

    private sealed class RemoteMethod<TResult> : ObjectMethod
    {
        private readonly Func<object, object?[], Task> _invoke;
        private readonly bool _copyArguments;
        private readonly int[] _tokens;
        private readonly string _wireName;

        public RemoteMethod(MethodInfo method)
        {
            var parameters = method.GetParameters();
            var target = Expression.Parameter(typeof(object));
            var arguments = Expression.Parameter(typeof(object?[]));
            var call = Expression.Call(
                Expression.Convert(target, method.DeclaringType!),
                method,
                parameters.Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
            _invoke = Expression.Lambda<Func<object, object?[], Task>>(call, target, arguments).Compile();
            _copyArguments = parameters.Any(static p => !ValueCopier.NeverChanges(p.ParameterType) && p.ParameterType != typeof(CancellationToken));
            _tokens = [.. parameters.Where(static p => p.ParameterType == typeof(CancellationToken)).Select(static p => p.Position)];
            _wireName = WireNameOf(method);
        }

        public override bool TakesToken => _tokens.Length > 0;

        public override object Call(ObjectReference reference, object?[] arguments)
        {
            if (_copyArguments)
            {
                reference.Runtime.Copier.CopyArguments(arguments);
            }

            return reference.Call(Run, (this, arguments), Travel);
        }

        private static readonly Func<IObjectCode, (RemoteMethod<TResult> Method, object?[] Arguments), Task<TResult>> Run =
            static (code, call) => call.Method.Invoke(code, call.Arguments);

        private Task<TResult> Invoke(IObjectCode code, object?[] arguments)
        {
            var task = _invoke(((ClrObjectCode)code).Instance, arguments);
            return task as Task<TResult> ?? WithNothing(task);
        }

        private static Task<TResult> WithNothing(Task task) =>
            task.IsCompletedSuccessfully ? Completed : Await(task);

        private static async Task<TResult> Await(Task task)
        {
            await task;
            return default!;
        }

        private static readonly Task<TResult> Completed = Task.FromResult<TResult>(default!);

        // The way to another node and back. Up to the sending it is synchronous, so that the order of calls is kept.
        private static readonly Travel<(RemoteMethod<TResult> Method, object?[] Arguments), TResult> Travel =
            static async (reference, place, number, chain, call) =>
            {
                var (arguments, token) = call.Method.Pack(reference.Runtime.Serializer, call.Arguments);
                var reply = await RemoteCall.SendAsync(reference, place, number, chain, call.Method._wireName, arguments, token).ConfigureAwait(false);
                return reply.Result is not { } result
                    ? Travelled<TResult>.Missed(reply.ArrivedTo)
                    : Travelled<TResult>.Answered(typeof(TResult) == typeof(Nothing) ? default! : reference.Runtime.Serializer.Deserialize<TResult>(result)!);
            };

        private (byte[] Arguments, CancellationToken Token) Pack(Orleans.Serialization.Serializer serializer, object?[] arguments)
        {
            if (_tokens.Length == 0)
            {
                return (serializer.SerializeToArray(arguments), default);
            }

            // A token cannot travel: cancelling it does.
            var token = (CancellationToken)arguments[_tokens[0]]!;
            arguments = [.. arguments];
            foreach (var i in _tokens)
            {
                arguments[i] = null;
            }

            return (serializer.SerializeToArray(arguments), token);
        }

        public override bool TryServe(
            ActiveObject active, byte[] arguments, CallLink? chain, CancellationToken cancel, [NotNullWhen(true)] out Task<byte[]>? result)
        {
            result = active.TryCall(Serve, (this, active.Runtime.Serializer, arguments, cancel), chain, fromOutside: false, out var answer)
                ? PackAsync(active.Runtime.Serializer, answer)
                : null;
            return result is not null;
        }

        private static readonly Func<IObjectCode, (RemoteMethod<TResult> Method, Orleans.Serialization.Serializer Serializer, byte[] Arguments, CancellationToken Cancel), Task<TResult>> Serve =
            static (code, call) =>
            {
                var arguments = call.Serializer.Deserialize<object?[]>(call.Arguments)!;
                foreach (var i in call.Method._tokens)
                {
                    arguments[i] = call.Cancel;
                }

                return call.Method.Invoke(code, arguments);
            };

        private static async Task<byte[]> PackAsync(Orleans.Serialization.Serializer serializer, Task<TResult> answer)
        {
            var result = await answer.ConfigureAwait(false);
            return typeof(TResult) == typeof(Nothing) ? [] : serializer.SerializeToArray(result);
        }
    }
}
