namespace Skerry.Accounts.Users.SignIn;

/// <summary>How long to wait after failures: nothing at first, then a second, doubled with each more. A pure function.</summary>
internal static class BackOff
{
    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(15);

    /// <summary>What is left to wait.</summary>
    /// <param name="failures">How many there were.</param>
    /// <param name="free">After how many one has to wait at all.</param>
    /// <param name="last">When the last one was.</param>
    /// <param name="now">The time. If it was set back since, the wait is still no longer than its whole.</param>
    public static TimeSpan Left(long failures, int free, DateTimeOffset last, DateTimeOffset now)
    {
        if (failures < free)
        {
            return TimeSpan.Zero;
        }

        // 2^10 s is more than the longest.
        var wait = TimeSpan.FromSeconds(1L << (int)Math.Min(failures - free, 10));
        wait = wait < WaitMax ? wait : WaitMax;
        var left = last + wait - now;
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < wait ? left : wait;
    }
}
