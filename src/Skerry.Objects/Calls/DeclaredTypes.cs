using System.Collections.Concurrent;
using System.Reflection;

namespace Skerry.Objects.Calls;

/// <summary>
/// The types that the interfaces of this application's classes name, and those that these are made of. Other nodes name
/// types in what they send; beside those that Orleans has a serializer for, only these are made of it. Thread-safe.
/// </summary>
internal sealed class DeclaredTypes
{
    private readonly ConcurrentDictionary<Type, bool> _types = new();

    /// <summary>Ids are sent by every application.</summary>
    public DeclaredTypes() => Add(typeof(DurableObjectId));

    /// <summary>True if values of the type may be sent between nodes as JSON.</summary>
    public bool Contains(Type type) => _types.ContainsKey(type);

    /// <summary>Takes in what an interface's methods take and answer.</summary>
    public void AddContract(Type contract)
    {
        foreach (var method in contract.GetInterfaces().Append(contract).SelectMany(static one => one.GetMethods()))
        {
            Add(method.ReturnType);
            foreach (var parameter in method.GetParameters())
            {
                Add(parameter.ParameterType);
            }
        }
    }

    private void Add(Type type)
    {
        if (type.IsPointer || type.IsByRef || type.IsGenericParameter || !_types.TryAdd(type, true))
        {
            return;
        }

        if (type.GetElementType() is { } element)
        {
            Add(element);
        }

        foreach (var argument in type.GetGenericArguments())
        {
            Add(argument);
        }

        // What is made of the base library's types is named by the declaration itself.
        if (type.IsEnum || type.Assembly == typeof(object).Assembly || type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true
            || type.Namespace?.StartsWith("Microsoft", StringComparison.Ordinal) == true)
        {
            return;
        }

        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            foreach (var field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                Add(field.FieldType);
            }
        }
    }
}
