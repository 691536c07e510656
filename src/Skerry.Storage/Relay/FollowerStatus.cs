namespace Skerry.Storage.Relay;

/// <summary>How a follower is doing, for people.</summary>
/// <param name="Node">The follower.</param>
/// <param name="IsConnected">A stream to it is open.</param>
/// <param name="Held">The last record that it holds durably.</param>
/// <param name="IsMember">True if it counts; false for a node that is only about to become a follower.</param>
public sealed record FollowerStatus(NodeInfo Node, bool IsConnected, ulong Held, bool IsMember);
