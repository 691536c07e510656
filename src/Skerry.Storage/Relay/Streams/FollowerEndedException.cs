namespace Skerry.Storage.Relay.Streams;

/// <summary>The follower has ended the stream, and said why; an empty reason if only because another one has begun.</summary>
internal sealed class FollowerEndedException(string reason) : IOException(reason)
{
    public string Reason => Message;
}
