using System.Diagnostics;

namespace Skerry.Bench.Measuring;

/// <summary>A closed loop: so many callers, each with one call under way.</summary>
internal static class CallersLoad
{
    /// <summary>Calls for <paramref name="length"/> and counts what was answered.</summary>
    /// <param name="callers">Loops that run at once.</param>
    /// <param name="length">When the loops stop to begin calls. Calls under way are awaited and counted, and their time too.</param>
    /// <param name="call">One call of one caller; its argument is the caller's number, from 0.</param>
    /// <returns>Calls a second.</returns>
    public static async Task<double> CallsPerSecond(int callers, TimeSpan length, Func<int, Task> call)
    {
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var count = 0L;
            while (watch.Elapsed < length)
            {
                await call(caller);
                count++;
            }

            return count;
        })));
        return counts.Sum() / watch.Elapsed.TotalSeconds;
    }
}
