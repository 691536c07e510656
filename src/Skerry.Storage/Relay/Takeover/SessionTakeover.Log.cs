using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>What takeovers tell of themselves; ids 1400 to 1419.</summary>
internal static partial class TakeoverMessages
{
    [LoggerMessage(1400, LogLevel.Warning, "Session {Session} of node {Node} is being taken over, recovery epoch {Epoch}.")]
    public static partial void Started(ILogger logger, SessionId session, string node, int epoch);

    [LoggerMessage(1401, LogLevel.Information, "Session {Session} of node {Node} is sealed: everything it confirmed is in the bucket.")]
    public static partial void Sealed(ILogger logger, SessionId session, string node);

    [LoggerMessage(1402, LogLevel.Warning, "Session {Session} cannot be recovered yet: {Sealed} of the {Needed} followers that are needed have answered.")]
    public static partial void TooFewFollowers(ILogger logger, SessionId session, int @sealed, int needed);

    [LoggerMessage(1403, LogLevel.Error, "Session {Session} could not be taken over.")]
    public static partial void Failed(ILogger logger, SessionId session, Exception error);

    [LoggerMessage(1404, LogLevel.Debug, "Not everybody could be told that session {Session} is sealed.")]
    public static partial void NotTold(ILogger logger, SessionId session, Exception error);

    [LoggerMessage(1405, LogLevel.Information, "Nothing of session {Session} is left in the bucket but {Objects} objects' own files.")]
    public static partial void CleanedUp(ILogger logger, SessionId session, int objects);

    [LoggerMessage(1406, LogLevel.Warning, "What is left of session {Session} in the bucket could not be cleaned up; it is tried again later.")]
    public static partial void CleanUpFailed(ILogger logger, SessionId session, Exception error);

    [LoggerMessage(1408, LogLevel.Warning, "Session {Session} of node {Node} is not taken over: fewer than {Needed} of its followers answer. This node may be cut off itself.")]
    public static partial void NotBegun(ILogger logger, SessionId session, string node, int needed);

    [LoggerMessage(1407, LogLevel.Warning, "What sessions long gone may have left in the bucket could not be looked for; it is tried again later.")]
    public static partial void SweepFailed(ILogger logger, Exception error);
}
