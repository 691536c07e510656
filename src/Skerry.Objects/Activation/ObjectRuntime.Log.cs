using Microsoft.Extensions.Logging;

namespace Skerry.Objects.Activation;

// Event ids 2001 to 2099.
internal sealed partial class ObjectRuntime
{
    public void LogFaulted(DurableObjectId id, Exception e) => LogFaulted(_logger, id.ToString(), e);

    public void LogBackgroundFailed(DurableObjectId id, Exception e) => LogBackgroundFailed(_logger, id.ToString(), e);

    public void LogCloseFailed(DurableObjectId id, Exception e) => LogCloseFailed(_logger, id.ToString(), e);

    public void LogAlarmFailed(DurableObjectId id, int retries, Exception e) => LogAlarmFailed(_logger, id.ToString(), retries, e);

    public void LogSocketHandlerFailed(DurableObjectId id, Exception e) => LogSocketHandlerFailed(_logger, id.ToString(), e);

    [LoggerMessage(2007, LogLevel.Warning, "Object {Id}: a WebSocket handler failed.")]
    private static partial void LogSocketHandlerFailed(ILogger logger, string id, Exception e);

    public void LogRestoreFailed(DurableObjectId id, string bookmark, Exception e) => LogRestoreFailed(_logger, id.ToString(), bookmark, e);

    [LoggerMessage(2008, LogLevel.Error, "Object {Id}: it could not be restored to {Bookmark} and keeps its newest state.")]
    private static partial void LogRestoreFailed(ILogger logger, string id, string bookmark, Exception e);

    [LoggerMessage(2001, LogLevel.Error, "Object {Id}: async void code threw; the object is reset.")]
    private static partial void LogFaulted(ILogger logger, string id, Exception e);

    [LoggerMessage(2002, LogLevel.Warning, "Object {Id}: work passed to WaitUntil failed.")]
    private static partial void LogBackgroundFailed(ILogger logger, string id, Exception e);

    [LoggerMessage(2003, LogLevel.Error, "Object {Id}: leaving memory failed.")]
    private static partial void LogCloseFailed(ILogger logger, string id, Exception e);

    [LoggerMessage(2004, LogLevel.Warning, "Object {Id}: the alarm's handler failed, after {Retries} retries.")]
    private static partial void LogAlarmFailed(ILogger logger, string id, int retries, Exception e);

    [LoggerMessage(2005, LogLevel.Warning, "Object {Key}: the alarm could not be run, {Failures} times in a row; it is tried again.")]
    private static partial void LogAlarmInternal(ILogger logger, string key, int failures, Exception e);

    [LoggerMessage(2006, LogLevel.Warning, "Object {Id}: one event has kept its thread for {Seconds:0} s.")]
    private static partial void LogStuck(ILogger logger, string id, double seconds);
}
