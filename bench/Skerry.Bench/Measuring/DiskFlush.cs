using System.Diagnostics;

namespace Skerry.Bench.Measuring;

/// <summary>How long the disk takes to keep one page: the floor under every confirmed write that is not shared.</summary>
internal static class DiskFlush
{
    private const int Flushes = 300;

    /// <summary>Writes and flushes pages of 4 KiB one after another.</summary>
    /// <param name="folder">On the disk in question.</param>
    /// <returns>The median and the 90th percentile, in microseconds.</returns>
    public static (double Median, double P90) Microseconds(string folder)
    {
        var path = Path.Combine(folder, "flush");
        var times = new double[Flushes];
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            var page = new byte[4096];
            for (var i = 0; i < Flushes; i++)
            {
                var start = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, page, (i % 100) * page.Length);
                RandomAccess.FlushToDisk(file);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        }

        File.Delete(path);
        Array.Sort(times);
        return (times[Flushes / 2], times[Flushes * 9 / 10]);
    }
}
