namespace Skerry.Storage.Log;

/// <summary>
/// What <see cref="LogLeader"/> decides. Every submitted sequence is decided exactly once, in order; both ends of a
/// range are included. Calls come from within the leader's inputs and must not call back into it.
/// </summary>
public interface ILogLeaderEffects
{
    /// <summary>A quorum holds these records: what waited for them may go out.</summary>
    void Confirmed(ulong first, ulong last);

    /// <summary>These records can no longer be confirmed by this leader; a later recovery may still find them.</summary>
    void Failed(ulong first, ulong last, StorageException error);
}
