using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Serialization;

namespace Skerry.Objects.Calls;

/// <summary>
/// Copies what goes into and comes out of an object, so that caller and object never share something that changes.
/// Values that cannot change are passed as they are; others are copied by Orleans' serializer.
/// </summary>
/// <remarks>Thread-safe. Types without a serializer of their own are copied through JSON.</remarks>
internal sealed class ValueCopier(DeepCopier copier)
{
    private static readonly ConcurrentDictionary<Type, bool> Immutable = new();

    public T Copy<T>(T value) => value is null || TypeOf<T>.NeverChanges || NeverChanges(value.GetType()) ? value : copier.Copy(value);

    /// <summary>A completed task with a copy of another's result: the same task if there is nothing to copy.</summary>
    public Task<T> CopyTask<T>(Task<T> task)
    {
        if (TypeOf<T>.NeverChanges)
        {
            return task;
        }

        var value = task.Result;
        return value is null || NeverChanges(value.GetType()) ? task : Task.FromResult(copier.Copy(value));
    }

    /// <summary>Copies arguments in place.</summary>
    public void CopyArguments(object?[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is { } value && value is not CancellationToken && !NeverChanges(value.GetType()))
            {
                arguments[i] = copier.Copy(value);
            }
        }
    }

    /// <summary>
    /// True for types whose values cannot change: primitives, strings, and sealed types all of whose fields are
    /// read-only and of such types. A <c>record</c> of strings and numbers is one.
    /// </summary>
    public static bool NeverChanges(Type type) => Immutable.GetOrAdd(type, static t => Inspect(t, []));

    private static bool Inspect(Type type, HashSet<Type> seen)
    {
        if (type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal) || type == typeof(DateTime)
            || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Guid) || type == typeof(Uri)
            || type == typeof(DateOnly) || type == typeof(TimeOnly) || type == typeof(DurableObjectId))
        {
            return true;
        }

        if (!type.IsSealed || type.IsArray || type.IsPointer || typeof(Delegate).IsAssignableFrom(type))
        {
            return false;
        }

        if (!seen.Add(type))
        {
            return true;
        }

        for (var at = type; at is not null && at != typeof(object) && at != typeof(ValueType); at = at.BaseType)
        {
            foreach (var field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                // A struct is copied with its holder, so its own fields need not be read-only; what they refer to must not change.
                if ((!field.IsInitOnly && !at.IsValueType) || !Inspect(field.FieldType, seen))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static class TypeOf<T>
    {
        public static readonly bool NeverChanges = ValueCopier.NeverChanges(typeof(T));
    }
}
