using System.Net;

namespace Skerry.Objects.Fleet;

/// <summary>An address on which nodes are heard: <see cref="NodeTransport"/> listens there, and not Kestrel's own.</summary>
internal sealed class NodeEndPoint(IPAddress address, int port) : IPEndPoint(address, port);
