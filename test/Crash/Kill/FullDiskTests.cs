using System.Diagnostics;
using Skerry.Crash.Host;

namespace Skerry.Crash.Kill;

/// <summary>A node on a file system that is really full, or cannot be written.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-full-").FullName;
    private readonly string _disk;

    public FullDiskTests()
    {
        _disk = Path.Combine(_folder, "disk");
        Directory.CreateDirectory(_disk);
        if (Run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", _disk) != 0)
        {
            Assert.Skip("Mounting a small file system needs root.");
        }
    }

    public void Dispose()
    {
        Run("umount", "-l", _disk);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Writers_are_told_readers_go_on_and_space_heals_it()
    {
        var data = Path.Combine(_disk, "data");
        await using var node = await NodeProcess.StartAsync(data);
        var ballast = Path.Combine(_disk, "ballast");
        long confirmed = 0;
        for (var i = 0; i < 10; i++)
        {
            confirmed = long.Parse(await node.AskAsync("step before"));
            await node.AskAsync($"step other-{i}");
        }

        var before = await node.AskAsync("state before");
        FillUp(ballast);
        NodeError? error = null;
        for (var i = 0; i < 2_000 && error is null; i++)
        {
            try
            {
                await node.AskAsync("fill filler 30000");
            }
            catch (NodeError e)
            {
                error = e;
            }
        }

        Assert.Equal("storage_failed", error?.Code);
        Assert.Equal(before, await node.AskAsync("state before"));
        Assert.DoesNotContain(" -", await node.AskAsync("status"), StringComparison.Ordinal);

        // An object whose very first commit of an activation fails must be writable afterwards like any other.
        for (var i = 0; i < 10; i++)
        {
            try
            {
                await node.AskAsync($"step other-{i}");
            }
            catch (NodeError e)
            {
                Assert.Equal("storage_failed", e.Code);
            }
        }

        File.Delete(ballast);
        await Until(async () => (await node.AskAsync("status")).EndsWith(" -", StringComparison.Ordinal));
        Assert.True(long.Parse(await node.AskAsync("step before")) > confirmed);
        for (var i = 0; i < 10; i++)
        {
            await node.AskAsync($"step other-{i}");
        }

        var after = await node.AskAsync("state before");
        await node.KillAsync();
        await using var again = await NodeProcess.StartAsync(data);
        Assert.Equal(after, await again.AskAsync("state before"));
    }

    [Fact]
    public async Task A_disk_that_is_read_only_is_named_and_not_taken_for_another_process()
    {
        var data = Path.Combine(_disk, "data");
        await using (var node = await NodeProcess.StartAsync(data))
        {
            await node.AskAsync("step before");
            await node.StopAsync();
        }

        Assert.Equal(0, Run("mount", "-o", "remount,ro", _disk));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => NodeProcess.StartAsync(data));
        Assert.Contains("Read-only", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("held by another process", refused.Message, StringComparison.Ordinal);
    }

    private static void FillUp(string path)
    {
        using var file = new FileStream(path, FileMode.Create);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full, which was the purpose.
        }
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        var waiting = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waiting.Elapsed < TimeSpan.FromSeconds(60), "it did not come about within a minute");
            await Task.Delay(20);
        }
    }

    private static int Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
