namespace Skerry.Storage.Relay;

/// <summary>What a node does for other nodes; the transport's server side calls it. Thread-safe.</summary>
public interface IRelayService
{
    /// <summary>
    /// Whether this is the node that a caller means. Where it was reached there may be another one by now: one with an
    /// empty folder, which must not answer for what the other had stored and sealed.
    /// </summary>
    bool Is(NodeId node);

    /// <summary>A leader has connected. The answer is the session's follower here, or null with the epoch by which it is sealed.</summary>
    IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy);

    /// <inheritdoc cref="IRelayTransport.SealAsync"/>
    Task<SealReply> SealAsync(SessionId session, int recoveryEpoch, CancellationToken cancel);

    /// <inheritdoc cref="IRelayTransport.ReadFramesAsync"/>
    IAsyncEnumerable<Frame> ReadFramesAsync(SessionId session, ulong from, CancellationToken cancel);

    /// <inheritdoc cref="IRelayTransport.ForgetAsync"/>
    Task ForgetAsync(SessionId session, CancellationToken cancel);

    /// <inheritdoc cref="IRelayTransport.ReleaseAsync"/>
    Task<ReleaseReply> ReleaseAsync(SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel);

    /// <inheritdoc cref="IRelayTransport.GreetAsync"/>
    Task<IReadOnlyList<NodeInfo>> GreetAsync(NodeInfo caller, CancellationToken cancel);
}

/// <summary>One stream from a leader, at its follower. Calls come one at a time.</summary>
public interface IFollowedSession
{
    /// <summary>
    /// Takes a frame; its body is the callee's from now on. The acknowledgement comes through the leader's
    /// <see cref="IFollowerEvents"/> when it is durable. Completes when there is room for the next frame (back-pressure).
    /// </summary>
    ValueTask AppendAsync(Frame frame, long sentAt);

    /// <summary>
    /// As <see cref="AppendAsync"/>, on a thread that has nothing else to do: returns when there is room, and may have
    /// written and synced the frame itself by then, so that no other thread has to wake for it.
    /// </summary>
    void Append(Frame frame, long sentAt)
    {
        var room = AppendAsync(frame, sentAt);
        if (!room.IsCompletedSuccessfully)
        {
            room.AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>See <see cref="IFollowerStream.HeartbeatAsync"/>.</summary>
    void Heartbeat(long sentAt, ulong confirmed, ulong uploaded);

    /// <summary>The stream has ended.</summary>
    void Ended();
}
