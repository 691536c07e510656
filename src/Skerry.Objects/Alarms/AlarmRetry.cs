namespace Skerry.Objects.Alarms;

/// <summary>
/// When an alarm that failed runs again: 2 s·2ⁿ after its failure number n+1, at most 1,024 s, and 0 to 25 % on top
/// so that alarms that failed together do not come back together. Errors of the handler are retried six times;
/// internal errors, which the handler can do nothing about, without limit. The figures are those that durable
/// objects document. Safe for concurrent use.
/// </summary>
/// <param name="random">The source of the jitter; used under a lock.</param>
/// <param name="first">The first pause; null for the 2 s that are documented. Tests shorten it.</param>
internal sealed class AlarmRetry(Random random, TimeSpan? first = null)
{
    /// <summary>How often an alarm is retried because of errors of its handler.</summary>
    public const int CountedRetriesMax = 6;

    private const double JitterMax = 0.25;

    private readonly TimeSpan _first = first ?? TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1024);

    private readonly Lock _lock = new();

    /// <summary>Decides about an alarm whose handler has failed.</summary>
    /// <param name="before">The attempts before this one.</param>
    /// <param name="after">The attempts with this one.</param>
    /// <returns>How long to wait before the next attempt; null if there is none.</returns>
    public TimeSpan? AfterHandlerError(AlarmAttempts before, out AlarmAttempts after)
    {
        if (before.CountedRetries >= CountedRetriesMax)
        {
            after = Failed(before);
            return null;
        }

        var delay = AfterInternalError(before, out after);
        after = after with { CountedRetries = before.CountedRetries + 1 };
        return delay;
    }

    /// <summary>Decides about an alarm that has failed for reasons outside of its handler.</summary>
    /// <inheritdoc cref="AfterHandlerError" path="/param"/>
    /// <returns>How long to wait before the next attempt.</returns>
    public TimeSpan AfterInternalError(AlarmAttempts before, out AlarmAttempts after)
    {
        after = Failed(before);

        // 2 s doubled nine times is 1,024 s.
        var backoff = before.Failures >= 9 ? s_longest : _first * (1 << before.Failures);
        lock (_lock)
        {
            return backoff + (backoff * (JitterMax * random.NextDouble()));
        }
    }

    private static AlarmAttempts Failed(AlarmAttempts before) =>
        before with { Failures = before.Failures == int.MaxValue ? int.MaxValue : before.Failures + 1 };
}
