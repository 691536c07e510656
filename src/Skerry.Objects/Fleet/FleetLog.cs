using Microsoft.Extensions.Logging;

namespace Skerry.Objects.Fleet;

/// <summary>What is told of other nodes; ids 3400 to 3499.</summary>
internal static partial class FleetLog
{
    [LoggerMessage(3400, LogLevel.Warning, "A caller at {Peer} is refused as no node of this cluster: {Objection}. If it should be one: {Hint}. {Untold} others were refused since the last that was told of.")]
    public static partial void CallerRefused(ILogger logger, string peer, string objection, string hint, long untold);
}
