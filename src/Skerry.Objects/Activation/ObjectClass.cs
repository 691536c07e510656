using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Skerry.Objects.Calls;
using Skerry.Objects.History;

namespace Skerry.Objects.Activation;

/// <summary>A registered class of objects: its namespace, how ids are made in it, how its code is made.</summary>
internal sealed class ObjectClass
{
    private readonly ObjectFactory<DurableObject> _factory;
    private readonly Lazy<Dictionary<string, ObjectMethod>> _methods;

    public ObjectClass(string @namespace, Type contract, Type implementation)
    {
        Namespace = @namespace;
        Contract = contract;
        Implementation = implementation;
        Ids = new IdFactory(@namespace, RandomNumberGenerator.Create());
        _methods = new(() => MethodsOf(contract));
        HandlesFetch = implementation.GetMethod(nameof(DurableObject.Fetch), [typeof(HttpContext)])!.DeclaringType != typeof(DurableObject);
        var create = ActivatorUtilities.CreateFactory(implementation, Type.EmptyTypes);
        _factory = (services, arguments) => (DurableObject)create(services, arguments);
    }

    public string Namespace { get; }

    public Type Contract { get; }

    public Type Implementation { get; }

    public IdFactory Ids { get; }

    /// <summary>True if the class answers HTTP.</summary>
    public bool HandlesFetch { get; }

    public IObjectCode Create(IServiceProvider services) => new ClrObjectCode(_factory(services, []));

    /// <summary>A method of the interface, or one that every object has, by the name that nodes call it by; null if there is none.</summary>
    public ObjectMethod? FindMethod(string wireName) => _methods.Value.GetValueOrDefault(wireName) ?? OperatorMethods.Find(wireName);

    private static Dictionary<string, ObjectMethod> MethodsOf(Type contract)
    {
        Dictionary<string, ObjectMethod> methods = [];
        foreach (var method in InterfacesOf(contract).SelectMany(static i => i.GetMethods()))
        {
            // Two interfaces may ask for the same method; the class has one that serves both.
            methods.TryAdd(ObjectMethod.WireNameOf(method), ObjectMethod.For(method));
        }

        return methods;
    }

    private static IEnumerable<Type> InterfacesOf(Type contract) =>
        contract.GetInterfaces().Append(contract).Where(static i => i != typeof(IDurableObject));

    /// <summary>Checks a namespace's name: 1 to 64 of <c>a-z 0-9 - _</c>, beginning with a letter or digit.</summary>
    public static void CheckName(string name)
    {
        if (name.Length is 0 or > 64 || name[0] is '-' or '_'
            || name.Any(static c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_')))
        {
            throw new ArgumentException($"'{name}' cannot name a namespace of durable objects: it takes 1 to 64 characters of a-z, 0-9, - and _, beginning with a letter or digit.", nameof(name));
        }
    }

    /// <summary>The default name: <c>FlightSeating</c> becomes <c>flight-seating</c>.</summary>
    public static string DefaultName(Type implementation)
    {
        var name = new System.Text.StringBuilder();
        foreach (var c in implementation.Name)
        {
            if (char.IsUpper(c) && name.Length > 0)
            {
                name.Append('-');
            }

            name.Append(char.ToLowerInvariant(c));
        }

        return name.ToString();
    }

    /// <summary>All faults of a class and its interface, so that they are seen at registration.</summary>
    public static IEnumerable<string> Faults(Type contract)
    {
        if (!contract.IsInterface)
        {
            yield return $"{contract.Name} must be an interface.";
            yield break;
        }

        foreach (var method in InterfacesOf(contract).SelectMany(static i => i.GetMethods()))
        {
            var returns = method.ReturnType;
            if (returns != typeof(Task) && !(returns.IsGenericType && returns.GetGenericTypeDefinition() == typeof(Task<>)))
            {
                yield return $"{contract.Name}.{method.Name} returns {returns.Name}; a remote method returns Task or Task<T>.";
            }

            if (method.IsGenericMethod)
            {
                yield return $"{contract.Name}.{method.Name} is generic; remote methods are not.";
            }

            if (method.GetParameters().Any(static p => p.ParameterType.IsByRef || p.ParameterType.IsByRefLike))
            {
                yield return $"{contract.Name}.{method.Name} has a ref, out or span parameter; remote methods take values.";
            }
        }
    }
}
