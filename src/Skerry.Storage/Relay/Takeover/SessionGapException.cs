namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// Records of a dead session are missing between the bucket and what its followers hold. The session is not sealed: a
/// confirmed write may be among them, and sealing would make its loss final.
/// </summary>
public sealed class SessionGapException(SessionId session, ulong first, ulong last)
    : StorageException(
        $"Session {session} cannot be recovered: records {first} to {last} are neither in the bucket nor on its followers. "
        + "Start the followers that are down; if their disks are lost, so may confirmed writes be.")
{
    /// <summary>The first record that is missing.</summary>
    public ulong First { get; } = first;

    /// <summary>The last record that is missing.</summary>
    public ulong Last { get; } = last;
}
