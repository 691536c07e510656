using System.Diagnostics;

namespace Skerry.Bench.Measuring;

/// <summary>What one operation costs on the thread that runs it.</summary>
/// <param name="Nanoseconds">Wall time of one operation.</param>
/// <param name="Bytes">Managed bytes that one operation allocates.</param>
[GenerateSerializer]
public readonly record struct OperationCost([property: Id(0)] double Nanoseconds, [property: Id(1)] double Bytes)
{
    /// <summary>Runs a synchronous operation so many times on the calling thread.</summary>
    /// <param name="times">How often; enough for a tenth of a second or more.</param>
    /// <param name="operation">Its argument counts from 0.</param>
    public static OperationCost Measure(int times, Action<int> operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            operation(i);
        }

        var elapsed = Stopwatch.GetElapsedTime(start);
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        return new OperationCost(elapsed.TotalNanoseconds / times, (double)bytes / times);
    }
}
