using Skerry.Bench.Ours;

namespace Skerry.Bench;

/// <summary>What all figures of a run share.</summary>
/// <param name="Subject">Our half; null measures the peers alone.</param>
/// <param name="DataFolder">An empty folder on a real disk, removed after the run.</param>
/// <param name="RepositoryFolder">The root of the source tree.</param>
internal sealed record BenchRun(Subject? Subject, string DataFolder, string RepositoryFolder)
{
    /// <summary>Makes a folder for one figure's use.</summary>
    public string NewFolder(string name)
    {
        var folder = Path.Combine(DataFolder, name + "-" + Guid.NewGuid().ToString("n")[..8]);
        Directory.CreateDirectory(folder);
        return folder;
    }
}
