namespace Skerry.Storage.Relay;

/// <summary>A leader's stream to the store of its own node, without a network in between.</summary>
internal sealed class LocalFollowerStream : IFollowerStream
{
    private readonly IFollowedSession _session;

    private LocalFollowerStream(IFollowedSession session, ulong held) => (_session, Held) = (session, held);

    public ulong Held { get; }

    /// <exception cref="PeerUnreachableException">The store has sealed the session.</exception>
    public static LocalFollowerStream Connect(FollowerStore store, in FollowHello hello, IFollowerEvents events)
    {
        if (store.Follow(hello, events, out var held, out var sealedBy) is { } session)
        {
            return new LocalFollowerStream(session, held);
        }

        events.Refused(sealedBy);
        throw new PeerUnreachableException($"This node's own store has sealed session {hello.Leader.Session} for recovery {sealedBy}.");
    }

    public ValueTask SendAsync(Frame frame, long sentAt, CancellationToken cancel) =>
        _session.AppendAsync(frame with { Body = frame.Body.ToArray() }, sentAt);

    public ValueTask HeartbeatAsync(long sentAt, ulong confirmed, ulong uploaded, CancellationToken cancel)
    {
        _session.Heartbeat(sentAt, confirmed, uploaded);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _session.Ended();
        return ValueTask.CompletedTask;
    }
}
