using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay;

/// <summary>What the data path tells of itself; ids 1220 to 1239.</summary>
internal static partial class ReplicatorMessages
{
    [LoggerMessage(1220, LogLevel.Debug, "The stream to follower {Node} has ended.")]
    public static partial void LinkEnded(ILogger logger, string node, Exception cause);

    [LoggerMessage(1221, LogLevel.Information, "Generation {Generation} of the session's followers: {Followers}.")]
    public static partial void Followers(ILogger logger, int generation, string followers);

    [LoggerMessage(1222, LogLevel.Critical, "This session is fenced; {Failed} records that were not confirmed have failed.")]
    public static partial void Fenced(ILogger logger, ulong failed, Exception reason);

    [LoggerMessage(1223, LogLevel.Warning, "The session record could not be written or read; the followers stay as they are for now.")]
    public static partial void RecordFailed(ILogger logger, Exception cause);
}
