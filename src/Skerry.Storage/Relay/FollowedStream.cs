namespace Skerry.Storage.Relay;

/// <summary>One stream from a leader. It ends for good when another one of the same session begins.</summary>
/// <param name="store">The store.</param>
/// <param name="session">Whose stream it is.</param>
/// <param name="leader">Who is answered.</param>
/// <param name="number">Grows with every stream: what was made of one that failed must not be followed by anything else of it.</param>
internal sealed class FollowedStream(FollowerStore store, FollowedSession session, IFollowerEvents leader, ulong number) : IFollowedSession
{
    public FollowedSession Session { get; } = session;

    public IFollowerEvents Leader { get; } = leader;

    public ulong Number { get; } = number;

    public ValueTask AppendAsync(Frame frame, long sentAt) => store.Append(this, frame, sentAt, mayWrite: false);

    public void Append(Frame frame, long sentAt)
    {
        var room = store.Append(this, frame, sentAt, mayWrite: true);
        if (!room.IsCompletedSuccessfully)
        {
            room.AsTask().GetAwaiter().GetResult();
        }
    }

    public void Heartbeat(long sentAt, ulong confirmed, ulong uploaded) => store.Heartbeat(this, sentAt, uploaded);

    public void Ended() => store.End(this);
}
