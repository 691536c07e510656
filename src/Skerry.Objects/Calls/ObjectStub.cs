using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;

namespace Skerry.Objects.Calls;

/// <summary>What a caller holds instead of the object: each method of the interface becomes a call.</summary>
public class ObjectStub : DispatchProxy
{
    private ObjectReference? _reference;

    internal ObjectReference Reference => _reference!;

    internal static TContract Create<TContract>(ObjectReference reference)
        where TContract : class, IDurableObject
    {
        var stub = Create<TContract, ObjectStub>();
        ((ObjectStub)(object)stub)._reference = reference;
        return stub;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        ObjectMethod.For(targetMethod!).Call(_reference!, args ?? []);
}

/// <summary>One method of an object's interface, compiled once.</summary>
internal abstract class ObjectMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, ObjectMethod> Methods = new();

    public static ObjectMethod For(MethodInfo method) => Methods.GetOrAdd(method, Make);

    public abstract object Call(ObjectReference reference, object?[] arguments);

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
    }

    /// <summary>What a method that returns a plain <see cref="Task"/> answers.</summary>
    private readonly record struct Nothing;

    private sealed class RemoteMethod<TResult> : ObjectMethod
    {
        private readonly Func<object, object?[], Task> _invoke;
        private readonly bool _copyArguments;

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
        }

        public override object Call(ObjectReference reference, object?[] arguments)
        {
            if (_copyArguments)
            {
                reference.Runtime.Copier.CopyArguments(arguments);
            }

            return reference.Call(Run, (this, arguments));
        }

        private static readonly Func<IObjectCode, (RemoteMethod<TResult> Method, object?[] Arguments), Task<TResult>> Run =
            static (code, call) =>
            {
                var task = call.Method._invoke(((ClrObjectCode)code).Instance, call.Arguments);
                return task as Task<TResult> ?? WithNothing(task);
            };

        private static Task<TResult> WithNothing(Task task) =>
            task.IsCompletedSuccessfully ? Completed : Await(task);

        private static async Task<TResult> Await(Task task)
        {
            await task;
            return default!;
        }

        private static readonly Task<TResult> Completed = Task.FromResult<TResult>(default!);
    }
}
