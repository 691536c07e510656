using System.Globalization;
using System.Runtime;

namespace Skerry.Bench.Measuring;

/// <summary>What this process holds in memory.</summary>
internal static class ResidentMemory
{
    /// <summary>Collects garbage, gives free heap back to the system, and reads the resident set from /proc/self/status.</summary>
    /// <returns>Bytes: the whole resident set, and the managed heap in it.</returns>
    public static (long Resident, long Managed) Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        var line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        var kib = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return (kib * 1024, GC.GetTotalMemory(forceFullCollection: false));
    }
}
