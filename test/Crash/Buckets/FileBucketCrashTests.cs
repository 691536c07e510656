using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Skerry.Storage.Buckets;

namespace Skerry.Crash.Buckets;

/// <summary>Several processes at one folder, killed at any moment.</summary>
public sealed class FileBucketCrashTests : IDisposable
{
    private const int Processes = 3;
    private const int Kills = 6;
    private const int StoredBetweenKills = 40;

    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-bucket-crash-").FullName;
    private readonly ConcurrentQueue<int> _stored = new();
    private readonly SemaphoreSlim _storedOne = new(0);

    public void Dispose()
    {
        _storedOne.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Of_processes_that_swap_and_die_no_two_win_and_no_win_is_lost()
    {
        var cancel = TestContext.Current.CancellationToken;
        var running = Enumerable.Range(0, Processes).Select(_ => Start()).ToList();
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                for (var i = 0; i < StoredBetweenKills; i++)
                {
                    await _storedOne.WaitAsync(cancel);
                }

                await EndAsync(running[0]);
                running.RemoveAt(0);
                running.Add(Start());
            }
        }
        finally
        {
            await Task.WhenAll(running.Select(EndAsync));
        }

        using var bucket = FileBucket.Open(_folder);
        var present = CountingProcess.Number((await bucket.GetAsync(CountingProcess.Key, cancel))!.Value.Content.Span);
        var stored = _stored.Order().ToArray();
        Assert.Equal(stored.Distinct(), stored);

        // Only what was stored in the moment of a kill has not been said.
        Assert.InRange(present, stored[^1], stored[^1] + Processes);
        Assert.InRange(present - stored.Length, 0, Kills + Processes);

        // Nothing half-written is seen, and the next to open the folder has swept it.
        var keys = new List<string>();
        await foreach (var entry in bucket.ListAsync("", null, cancel))
        {
            keys.Add(entry.Key);
        }

        Assert.Equal([CountingProcess.Key], keys);
        Assert.Equal(
            [Path.Combine(_folder, "some", "counter")],
            Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Where(static f => new FileInfo(f).Length > 0));
    }

    private Process Start()
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Crash"), ["count", _folder]) { RedirectStandardOutput = true },
        };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                _stored.Enqueue(int.Parse(line.Data, CultureInfo.InvariantCulture));
                _storedOne.Release();
            }
        };
        process.Start();
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task EndAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
