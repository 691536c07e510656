using System.Runtime.InteropServices;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Reporting;

/// <summary>Where a run was made, as far as figures depend on it.</summary>
internal static class Machine
{
    /// <summary>Lines of Markdown: commit, command, cores, processor, load, kernel, file system and .NET.</summary>
    public static async Task<IReadOnlyList<string>> Describe(BenchRun run, string command, string before, CancellationToken cancel) =>
    [
        $"- commit: `{await Commit(run.RepositoryFolder, cancel)}`",
        $"- command: `{command}`",
        $"- machine: {Environment.ProcessorCount} cores, {Processor()}, {RuntimeInformation.OSArchitecture}",
        $"- before the run: {before}",
        $"- kernel: {File.ReadAllText("/proc/sys/kernel/ostype").Trim()} {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}",
        $"- data on: {FileSystem(run.DataFolder)}",
        $"- runtime: {RuntimeInformation.FrameworkDescription}",
    ];

    /// <summary>How many processes wanted to run in the last minute, as the kernel tells it.</summary>
    public static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <summary>The type of the file system that a folder is on, such as ext4; tmpfs is memory.</summary>
    public static string FileSystem(string folder) =>
        DriveInfo.GetDrives()
            .Where(drive => (folder + "/").StartsWith(drive.Name.TrimEnd('/') + "/", StringComparison.Ordinal))
            .MaxBy(drive => drive.Name.Length)?.DriveFormat ?? "unknown";

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
        ?? "unknown processor";

    private static async Task<string> Commit(string repository, CancellationToken cancel)
    {
        try
        {
            var commit = (await Tool.Run(Tool.Find("git"), ["-C", repository, "rev-parse", "HEAD"], cancel)).Trim();
            var changes = await Tool.Run(Tool.Find("git"), ["-C", repository, "status", "--porcelain", "--", "src", "bench/Skerry.Bench"], cancel);
            return changes.Length == 0 ? commit : commit + " and uncommitted changes";
        }
        catch (BenchException)
        {
            return "unknown";
        }
    }
}
