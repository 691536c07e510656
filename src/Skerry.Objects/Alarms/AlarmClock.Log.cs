using Microsoft.Extensions.Logging;
using Skerry.Storage;

namespace Skerry.Objects.Alarms;

/// <content>Log messages, with event ids from 2200.</content>
internal sealed partial class AlarmClock
{
    [LoggerMessage(2200, LogLevel.Error, "The alarm of {Object} could not be delivered. It is tried again in 2 s.")]
    private partial void LogCallbackFailed(Exception error, ObjectKey @object);
}
