using System.Diagnostics;
using Skerry.Crash.Host;

namespace Skerry.Crash.Scale;

/// <summary>Many more objects than may be open, or in memory, at once.</summary>
public sealed class ScaleTests(ITestOutputHelper output) : IDisposable
{
    private static readonly int Objects = Environment.GetEnvironmentVariable("SKERRY_LONG") == "1" ? 100_000 : 10_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-scale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task All_objects_are_written_in_turn_with_few_handles_and_little_memory()
    {
        await using var node = await NodeProcess.StartAsync(_folder, small: false, handles: 4_096);
        var watch = Stopwatch.StartNew();
        var peak = (Memory: 0L, Handles: 0);
        await Parallel.ForEachAsync(Enumerable.Range(0, Objects), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) =>
        {
            Assert.Equal("1", await node.AskAsync($"step object-{i}"));
            if (i % 1_000 == 0)
            {
                lock (_folder)
                {
                    using var process = Process.GetProcessById(node.Id);
                    peak = (Math.Max(peak.Memory, process.WorkingSet64), Math.Max(peak.Handles, process.HandleCount));
                    output.WriteLine($"{i} at {watch.Elapsed.TotalSeconds:0.0} s: {process.WorkingSet64 >> 20} MiB, {process.HandleCount} handles");
                }
            }
        });
        var status = await node.AskAsync("status");
        await node.StopAsync();
        var files = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);
        output.WriteLine($"{Objects} objects in {watch.Elapsed.TotalSeconds:0.0} s; at most {peak.Memory >> 20} MiB, {peak.Handles} handles; {files.Length} files of {files.Sum(f => new FileInfo(f).Length) >> 20} MiB; last {status}");
        Assert.InRange(peak.Memory, 0, 2_500L << 20);
        Assert.InRange(peak.Handles, 0, 4_000);
    }
}
