using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay;

/// <summary>What a follower's store tells of itself; ids 1200 to 1219.</summary>
internal static partial class FollowerStoreMessages
{
    [LoggerMessage(1200, LogLevel.Warning, "Files in {Folder} that are not needed any more could not be removed; this is tried again.")]
    public static partial void TrimFailed(ILogger logger, string folder, Exception error);
}
