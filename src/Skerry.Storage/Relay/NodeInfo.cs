namespace Skerry.Storage.Relay;

/// <summary>One running node, as others see it.</summary>
/// <param name="Id">Its data folder's identity.</param>
/// <param name="Session">This run of it.</param>
/// <param name="Name">For people; unique within a well-kept cluster.</param>
/// <param name="Zone">What fails together: a machine, a rack, a site. Followers are spread over zones.</param>
/// <param name="Address">Where other nodes reach it: <c>HOST:PORT</c>.</param>
public sealed record NodeInfo(NodeId Id, SessionId Session, string Name, string Zone, string Address);
