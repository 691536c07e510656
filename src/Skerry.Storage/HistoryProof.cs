namespace Skerry.Storage;

/// <summary>What came of checking everything that is kept of a database.</summary>
/// <param name="Newest">The newest transaction.</param>
/// <param name="Records">Records and snapshots that were read, every byte.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Damage">What does not match its checksum, one line each; empty if all is well.</param>
public sealed record HistoryProof(ulong Newest, long Records, long Bytes, IReadOnlyList<string> Damage)
{
    /// <summary>True if every checksum has matched.</summary>
    public bool IsWhole => Damage.Count == 0;
}
