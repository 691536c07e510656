using System.Reflection;

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
