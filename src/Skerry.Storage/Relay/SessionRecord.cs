namespace Skerry.Storage.Relay;

/// <summary>How far the life of a session has come.</summary>
public enum SessionState
{
    /// <summary>Its node may confirm writes.</summary>
    Open,

    /// <summary>Somebody is taking it over: it may confirm until its followers are sealed, and never after.</summary>
    Recovering,

    /// <summary>Everything it confirmed is in the bucket; others may take its objects.</summary>
    Sealed,
}

/// <summary>What the bucket says of a session, under <c>sessions/SESSION</c>. Changed by compare-and-swap only.</summary>
public sealed record SessionRecord
{
    /// <summary>The session's node.</summary>
    public required NodeInfo Node { get; init; }

    /// <summary>See <see cref="SessionState"/>.</summary>
    public required SessionState State { get; init; }

    /// <summary>Grows by one with each change of <see cref="Followers"/>.</summary>
    public required int Generation { get; init; }

    /// <summary>The nodes whose majority confirms; the leader's own may be one of them.</summary>
    public required IReadOnlyList<NodeInfo> Followers { get; init; }

    /// <summary>Who takes it over; null while <see cref="SessionState.Open"/>, and after a stop in good order.</summary>
    public NodeInfo? Recoverer { get; init; }

    /// <summary>Grows by one with each attempt to take the session over.</summary>
    public int RecoveryEpoch { get; init; }

    /// <summary>Whatever the host needs to reach or to end the node in its own membership (its Orleans silo address); opaque here.</summary>
    public string? Membership { get; init; }

    /// <summary>When it began, Unix milliseconds, for people.</summary>
    public long StartedMs { get; init; }

    /// <summary>How many followers must hold a record: a majority.</summary>
    public int Quorum => (Followers.Count / 2) + 1;

    /// <summary>The fewest followers that meet every quorum.</summary>
    public int SealQuorum => Followers.Count - Quorum + 1;
}

/// <summary>What the bucket says of an object, under <c>objects/NAMESPACE/ID/owner</c>. Changed by compare-and-swap only.</summary>
/// <param name="Session">The session that may write it.</param>
/// <param name="ClaimEpoch">Grows by one with each change of <paramref name="Session"/>.</param>
public sealed record OwnerRecord(SessionId Session, ulong ClaimEpoch);
