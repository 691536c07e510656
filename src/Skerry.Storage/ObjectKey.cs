namespace Skerry.Storage;

/// <summary>
/// Names one object's storage in a node: the namespace's name (1 to 64 of <c>a-z 0-9 - _</c>) and the object's id.
/// </summary>
public readonly record struct ObjectKey(string Namespace, Id256 Id)
{
    /// <inheritdoc/>
    public bool Equals(ObjectKey other) => Id == other.Id && Namespace == other.Namespace;

    // The id alone hashes well; hashing the name again on every look-up would cost more than the id.
    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Id}";
}
