namespace Skerry.Storage.Relay.Takeover;

/// <summary>This node's own session is not open any more: it must not act for others, and its process has to end.</summary>
public sealed class SessionFencedException(SessionId session, SessionState? state)
    : StorageException($"Session {session} of this node is {(state is { } known ? known.ToString().ToLowerInvariant() : "gone")}; somebody has taken it over.");
