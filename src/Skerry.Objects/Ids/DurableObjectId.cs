using System.Diagnostics;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>
/// Names one durable object: a namespace and 256 bits, shown as 64 hexadecimal digits. Two ids are equal if these
/// are; the name that an id was made from is only carried along. Immutable, safe for concurrent use.
/// </summary>
public sealed class DurableObjectId : IEquatable<DurableObjectId>
{
    internal DurableObjectId(in Id256 value, string @namespace, string? name, Jurisdiction jurisdiction)
    {
        Debug.Assert(value.Bytes[0] == (byte)jurisdiction, "The first byte of an id is its jurisdiction.");
        Value = value;
        Namespace = @namespace;
        Name = name;
        Jurisdiction = jurisdiction;
    }

    /// <summary>The 32 bytes: 16 that tell objects apart, of which the first is the jurisdiction, and 16 that prove the namespace.</summary>
    public Id256 Value { get; }

    /// <summary>The namespace that the object belongs to.</summary>
    public string Namespace { get; }

    /// <summary>The name that the id was made from; null if it was made at random or parsed.</summary>
    public string? Name { get; }

    /// <summary>Where the object has to stay.</summary>
    public Jurisdiction Jurisdiction { get; }

    /// <summary>What storage calls the object.</summary>
    internal ObjectKey Key => new(Namespace, Value);

    /// <summary>The same id with the name that a caller knew.</summary>
    internal DurableObjectId Named(string? name) => name is null ? this : new(Value, Namespace, name, Jurisdiction);

    /// <inheritdoc/>
    public bool Equals(DurableObjectId? other) =>
        ReferenceEquals(this, other) || (other is not null && Value == other.Value && Namespace == other.Namespace);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DurableObjectId);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <summary>The 64 lower-case hexadecimal digits.</summary>
    public override string ToString() => Value.ToString();

    public static bool operator ==(DurableObjectId? left, DurableObjectId? right) => left?.Equals(right) ?? right is null;

    public static bool operator !=(DurableObjectId? left, DurableObjectId? right) => !(left == right);
}
