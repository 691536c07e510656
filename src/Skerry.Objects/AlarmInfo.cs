namespace Skerry.Objects;

/// <summary>What an alarm's handler is told.</summary>
/// <param name="ScheduledTime">The time the alarm was set for; the handler may run later, never earlier.</param>
/// <param name="RetryCount">How many times this alarm's handler has failed before; 0 the first time.</param>
public readonly record struct AlarmInfo(DateTimeOffset ScheduledTime, int RetryCount)
{
    /// <summary>True if the handler has run for this alarm before and failed.</summary>
    public bool IsRetry => RetryCount > 0;
}
