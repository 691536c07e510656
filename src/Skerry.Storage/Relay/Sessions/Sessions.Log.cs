using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay.Sessions;

/// <summary>What sessions and peers tell of themselves; ids 1430 to 1449.</summary>
internal static partial class SessionMessages
{
    [LoggerMessage(1430, LogLevel.Warning, "The sessions in the bucket cannot be listed; who is there is not known anew until that succeeds.")]
    public static partial void NotListed(ILogger logger, Exception error);

    [LoggerMessage(1431, LogLevel.Debug, "Follower {Node} could not be told that the session has ended.")]
    public static partial void NotForgotten(ILogger logger, string node, Exception error);

    [LoggerMessage(1432, LogLevel.Warning, "Node {Node}, session {Session}, {How}.")]
    public static partial void Suspected(ILogger logger, string node, SessionId session, string how);

    [LoggerMessage(1434, LogLevel.Information, "Node {Node}, session {Session}, does not answer this node; it is not taken over, for too few of its followers are without it.")]
    public static partial void HeardByOthers(ILogger logger, string node, SessionId session);

    [LoggerMessage(1433, LogLevel.Error, "The suspicion against node {Node} could not be followed; it is tried again.")]
    public static partial void NotFollowed(ILogger logger, string node, Exception error);

    [LoggerMessage(1434, LogLevel.Warning, "The data folder {Folder} could not be marked; it is tried again. Until then a copy of it could pass for it.")]
    public static partial void NotMarked(ILogger logger, string folder, Exception error);
}
