namespace Skerry.Storage.Relay;

/// <summary>
/// The way to other nodes; a seam: gRPC in a process, a simulated network in the simulator. Members throw
/// <see cref="PeerUnreachableException"/> when the peer does not answer, and never anything else that a network can cause. A
/// node that is reached at its address and has another id than the one that was called does not answer.
/// </summary>
public interface IRelayTransport
{
    /// <summary>
    /// Opens a stream of frames to a follower. Completes when the follower has answered the hello; events may come before
    /// that. If the session is sealed there, <see cref="IFollowerEvents.Refused"/> and <see cref="IFollowerEvents.Ended"/>
    /// are called, and the stream that this completes with has ended. If this throws, no event is called.
    /// </summary>
    /// <param name="follower">Whom to.</param>
    /// <param name="hello">Who calls.</param>
    /// <param name="events">What the follower says; called on any thread, one call at a time, in order.</param>
    /// <param name="cancel">Ends the attempt; not the stream.</param>
    Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel);

    /// <summary>Tells a follower to make it durable that it acknowledges the session no more. Repeating it with the same or a higher epoch is harmless.</summary>
    Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel);

    /// <summary>The frames that a follower holds of a session, from the one that contains <paramref name="from"/>, in order.</summary>
    /// <exception cref="StorageDamagedException">The follower has found a frame damaged; what came before it is whole.</exception>
    IAsyncEnumerable<Frame> ReadFramesAsync(NodeInfo follower, SessionId session, ulong from, CancellationToken cancel);

    /// <summary>Everything of the session is in the bucket: the follower may drop it.</summary>
    Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel);

    /// <summary>Asks the owner of an object to let another session have it.</summary>
    Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel);

    /// <summary>Tells a node who is there. It answers with itself, first, and the leaders whose frames or heartbeats it hears now.</summary>
    Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel);
}

/// <summary>What a leader says when it connects.</summary>
/// <param name="Leader">The leader.</param>
/// <param name="UploadedTo">Records up to this are in the bucket; a follower that has nothing of the session starts after it.</param>
public readonly record struct FollowHello(NodeInfo Leader, ulong UploadedTo);

/// <summary>An open stream to a follower. Thread-safe; one send at a time is awaited.</summary>
public interface IFollowerStream : IAsyncDisposable
{
    /// <summary>The last sequence that the follower held durably when it answered the hello; at least the hello's <see cref="FollowHello.UploadedTo"/>.</summary>
    ulong Held { get; }

    /// <summary>Sends a frame; completes when the transport has taken it (flow control).</summary>
    /// <param name="frame">The frame. Its body must not change until this completes.</param>
    /// <param name="sentAt">The leader's monotonic clock, <see cref="TimeProvider.GetTimestamp"/>.</param>
    /// <param name="cancel">Gives up.</param>
    ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel);

    /// <summary>Keeps the lease alive, and says what is confirmed and what is in the bucket.</summary>
    ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel);
}

/// <summary>What a follower tells its leader.</summary>
public interface IFollowerEvents
{
    /// <summary>It holds every record up to <paramref name="held"/> durably, and grants the lease that was asked for at <paramref name="sentAt"/>.</summary>
    void Acknowledged(ulong held, long sentAt);

    /// <summary>It is sealed: the leader is fenced. The stream ends.</summary>
    void Refused(int recoveryEpoch);

    /// <summary>The stream has ended; nothing follows.</summary>
    void Ended(Exception? cause);
}

/// <summary>What a sealed follower holds.</summary>
/// <param name="First">Its first record; 0 if it holds none.</param>
/// <param name="Last">Its last record; 0 if it holds none.</param>
/// <param name="LeaseLeft">How long a lease it granted may still be in use.</param>
public readonly record struct SealReply(ulong First, ulong Last, TimeSpan LeaseLeft);

/// <summary>What became of a wish for an object.</summary>
public enum ReleaseReply
{
    /// <summary>The ownership record names the asking session now.</summary>
    Released,

    /// <summary>The node does not own it (any more): read the ownership record again.</summary>
    NotOwner,

    /// <summary>It cannot be let go now; try again later.</summary>
    Busy,
}

/// <summary>A peer did not answer: it is down, cut off, too slow, or not of this cluster.</summary>
public sealed class PeerUnreachableException(string message, Exception? cause = null) : StorageException(message, cause)
{
    /// <summary>True if nobody listens there: the process is gone, not merely slow.</summary>
    public bool Refused { get; init; }
}
