using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay.Ownership;

/// <summary>What ownership tells of itself; ids 1420 to 1429.</summary>
internal static partial class OwnershipMessages
{
    [LoggerMessage(1420, LogLevel.Warning, "{Object} could not be released to session {Session}; it stays here.")]
    public static partial void NotReleased(ILogger logger, ObjectKey @object, SessionId session, Exception error);
}
