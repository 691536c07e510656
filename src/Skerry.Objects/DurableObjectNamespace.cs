using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;

namespace Skerry.Objects;

/// <summary>
/// All objects of one class: makes ids, and stubs to call objects by. Taken by dependency injection. Thread-safe, and so
/// are the stubs; making a stub touches no object.
/// </summary>
/// <typeparam name="TContract">The interface whose methods are the remote procedure calls.</typeparam>
public sealed class DurableObjectNamespace<TContract>
    where TContract : class, IDurableObject
{
    private readonly ObjectRuntime _runtime;
    private readonly ObjectClass _class;
    private readonly Jurisdiction _jurisdiction;

    internal DurableObjectNamespace(ObjectRuntime runtime, ObjectClass @class, Jurisdiction jurisdiction = default)
    {
        _runtime = runtime;
        _class = @class;
        _jurisdiction = jurisdiction;
    }

    /// <summary>The namespace's name.</summary>
    public string Name => _class.Namespace;

    /// <summary>The id that belongs to a name: always the same one.</summary>
    /// <exception cref="ArgumentException">The name is empty or too long.</exception>
    public DurableObjectId IdFromName(string name) => _class.Ids.FromName(name, _jurisdiction);

    /// <summary>The id that <see cref="DurableObjectId.ToString"/> showed.</summary>
    /// <exception cref="ArgumentException">It is malformed, of another namespace, or of another jurisdiction than this view's.</exception>
    public DurableObjectId IdFromString(string hex) => Check(_class.Ids.Parse(hex));

    /// <summary>An id that has never been used, and cannot be guessed.</summary>
    /// <param name="jurisdiction">Where the object's data must stay; null for this view's own.</param>
    public DurableObjectId NewUniqueId(Jurisdiction? jurisdiction = null) => _class.Ids.Unique(jurisdiction ?? _jurisdiction);

    /// <summary>The object with an id.</summary>
    /// <param name="id">An id of this namespace.</param>
    /// <param name="hint">Where the object would best live; counts only when the object is first made.</param>
    /// <exception cref="ArgumentException">The id is of another namespace.</exception>
    public TContract Get(DurableObjectId id, LocationHint? hint = null) =>
        ObjectStub.Create<TContract>(new ObjectReference(_runtime, Check(id), hint));

    /// <summary>The object with a name.</summary>
    public TContract GetByName(string name, LocationHint? hint = null) =>
        ObjectStub.Create<TContract>(new ObjectReference(_runtime, IdFromName(name), hint));

    /// <summary>The same class, confined to a jurisdiction: a name has another id here than elsewhere.</summary>
    public DurableObjectNamespace<TContract> Jurisdiction(Jurisdiction jurisdiction) => new(_runtime, _class, jurisdiction);

    private DurableObjectId Check(DurableObjectId id)
    {
        if (id.Namespace != _class.Namespace)
        {
            throw new ArgumentException($"The id {id} belongs to the namespace '{id.Namespace}', not to '{_class.Namespace}'.", nameof(id));
        }

        if (_jurisdiction != default && id.Jurisdiction != _jurisdiction)
        {
            throw new ArgumentException($"The id {id} belongs to the jurisdiction '{id.Jurisdiction}', not to '{_jurisdiction}'.", nameof(id));
        }

        return id;
    }
}

/// <summary>What can be asked of any stub.</summary>
public static class DurableObjectStubExtensions
{
    /// <summary>The id of the object behind a stub.</summary>
    /// <exception cref="ArgumentException">It is not a stub.</exception>
    public static DurableObjectId GetId(this IDurableObject stub) =>
        stub is ObjectStub s ? s.Reference.Id : throw new ArgumentException("This is an object, not a stub of one.", nameof(stub));
}
