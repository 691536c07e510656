using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>What is told of the traffic between nodes; ids 1480 to 1489.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(1480, LogLevel.Warning, "A call of node \"{Node}\" ({Peer}) is refused, and will be as long as this holds: {Objection}")]
    public static partial void Refused(ILogger logger, string node, string peer, string objection);
}
