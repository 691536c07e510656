using System.Diagnostics;

namespace Skerry.Bench.Measuring;

/// <summary>
/// As many processes as there are followers share this machine's disk and sync at the same moment; on machines of their
/// own they would not. This is how long it takes until a majority of them is through.
/// </summary>
internal static class SyncsTogether
{
    /// <summary>Microseconds, p50, from the start of so many syncs at once until a majority has ended.</summary>
    public static double Majority(int count, Func<DataSync> open, byte[] content, int times)
    {
        var took = new List<double>(times);
        var (starts, ends) = (new long[count], new long[count]);
        var isEnd = false;
        using var barrier = new Barrier(count, _ =>
        {
            if (isEnd)
            {
                Array.Sort(ends);
                took.Add(Stopwatch.GetElapsedTime(starts.Min(), ends[count / 2]).TotalMicroseconds);
            }

            isEnd = !isEnd;
        });
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            using var sync = open();
            for (var n = 0; n < times; n++)
            {
                barrier.SignalAndWait();
                starts[i] = Stopwatch.GetTimestamp();
                sync.Once(content);
                ends[i] = Stopwatch.GetTimestamp();
                barrier.SignalAndWait();
            }
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        return Rounds.Median(took)!.Value;
    }
}
