namespace Skerry.Storage.Relay.Fleet;

/// <summary>How far a session is, as its own node sees it.</summary>
public sealed record SessionFigures
{
    /// <summary>The node.</summary>
    public required NodeInfo Node { get; init; }

    /// <summary>See <see cref="SessionRecord.Generation"/>.</summary>
    public int Generation { get; init; }

    /// <summary>The last record of its log.</summary>
    public ulong Appended { get; init; }

    /// <summary>Records up to this are confirmed.</summary>
    public ulong Confirmed { get; init; }

    /// <summary>Records up to this are in the bucket.</summary>
    public ulong Uploaded { get; init; }

    /// <summary>Bytes of the log's records that are not in the bucket yet, by the average of the session's records.</summary>
    public long BytesNotUploaded { get; init; }

    /// <summary>Those whose majority confirms, and those that are about to be; the node itself may be one of them.</summary>
    public IReadOnlyList<FollowerFigures> Followers { get; init; } = [];
}

/// <summary>How far a follower is, as its leader sees it.</summary>
/// <param name="Node">The follower.</param>
/// <param name="IsUp">Whether the stream to it is open.</param>
/// <param name="IsMember">Whether it counts already.</param>
/// <param name="Held">It holds the records up to this.</param>
public sealed record FollowerFigures(NodeInfo Node, bool IsUp, bool IsMember, ulong Held);

/// <summary>Knows the figures of this node's session. Thread-safe.</summary>
public interface ISessionFigures
{
    /// <summary>The figures now.</summary>
    SessionFigures Read();
}

/// <summary>Asks other nodes for the figures of their sessions. Thread-safe.</summary>
public interface IFleetPeers
{
    /// <summary>Asks a node.</summary>
    /// <exception cref="PeerUnreachableException">It does not answer.</exception>
    Task<SessionFigures> ReadFiguresAsync(NodeInfo node, CancellationToken cancel);
}
