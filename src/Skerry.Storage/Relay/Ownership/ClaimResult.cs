namespace Skerry.Storage.Relay.Ownership;

/// <summary>What a session has of an object after it claimed it.</summary>
/// <param name="ClaimEpoch">The number of its claim; 0 if the object has never written and is nobody's.</param>
/// <param name="Moved">True if the object was another session's until now: a local copy has to be proved against the bucket.</param>
public readonly record struct ClaimResult(ulong ClaimEpoch, bool Moved)
{
    /// <summary>True if the object has never written.</summary>
    public bool IsUnwritten => ClaimEpoch == 0;
}
