namespace Skerry.Objects.Fleet;

/// <summary>Where an object is in memory, or why it is not.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record ObjectPlace
{
    /// <summary>The node.</summary>
    [Id(0)]
    public required SiloAddress Silo { get; init; }

    /// <summary>Which stay in that node's memory: another one is another place.</summary>
    [Id(1)]
    public long Incarnation { get; init; }

    /// <summary>The node's internal HTTP listener; null if it has none.</summary>
    [Id(2)]
    public string? Url { get; init; }

    /// <summary>True if the node takes no objects: it is stopping, or has none. The object belongs elsewhere.</summary>
    [Id(3)]
    public bool Refused { get; init; }

    /// <summary>Why the object cannot be anywhere.</summary>
    [Id(4)]
    public CallFailure? Failure { get; init; }
}
