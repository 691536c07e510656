using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>What is told of the traffic between nodes; ids 1480 to 1489.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(1480, LogLevel.Warning, "A call of node \"{Node}\" ({Peer}) is refused, and will be as long as this holds: {Objection}")]
    public static partial void Refused(ILogger logger, string node, string peer, string objection);

    [LoggerMessage(1482, LogLevel.Error, "A stream from {Peer} has ended by a fault.")]
    public static partial void StreamFailed(ILogger logger, string peer, Exception fault);

    [LoggerMessage(1481, LogLevel.Warning, "A caller at {Peer} is refused as no node of this cluster: {Objection}. If it should be one: {Hint}. {Untold} others were refused since the last that was told of.")]
    public static partial void CallerRefused(ILogger logger, string peer, string objection, string hint, long untold);
}
