using System.Diagnostics;
using System.Globalization;
using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Pages;

namespace Skerry.Bench.Figures;

/// <summary>An object of 100 MB, written through the relay, is put together from the bucket at a chosen transaction, as a plain SQLite file.</summary>
internal sealed class Restore100Mb : IFigure
{
    private const int Pages = 25_600;
    private const int PagesEach = 400;
    private const int WritesAfter = 500;
    private const int Back = 250;

    /// <inheritdoc/>
    public string Name => "restore_100mb";

    /// <inheritdoc/>
    public string Unit => "s";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 5 s, reading at most twice the database", ValueMax: 5);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        var folder = run.NewFolder(Name);
        using var bucket = FileBucket.Open(Path.Combine(folder, "bucket"));
        await using var node = await LoneNode.Start(Path.Combine(folder, "node"), bucket, cancel);
        var probe = node.Probe(Name);
        for (var pages = PagesEach; pages <= Pages; pages += PagesEach)
        {
            await probe.FillPages(pages);
        }

        for (var i = 0; i < WritesAfter; i++)
        {
            await probe.Write(i);
        }

        // Everything is in the bucket when the node has stopped in good order.
        await node.Stop();
        var bundles = await SessionBundles.LoadAsync(bucket, node.Session, cancel);
        var database = 0L;
        var read = new List<double>();
        var path = Path.Combine(folder, "restored.sqlite");
        var (ours, _) = await Rounds.Alternate(
            3,
            async () =>
            {
                var before = BytesRead();
                var start = Stopwatch.GetTimestamp();
                var archive = await ObjectArchive.OpenAsync(bucket, node.KeyOf(Name), bundles, cancel);
                PageState state = await archive.ExportAsync(archive.Newest.Transaction - Back, path, cancel);
                var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                read.Add(BytesRead() - before);
                database = new FileInfo(path).Length;
                return state.Transaction > 0 ? seconds : throw new BenchException("Nothing was restored.");
            },
            null,
            cancel);
        var ratio = read.Max() / database;
        return new Measurement(
            ours,
            null,
            string.Create(CultureInfo.InvariantCulture, $"a database of {database / 1e6:0} MB, {Back} transactions back; read {ratio:0.00} times its bytes from the bucket"),
            AlsoMet: ratio <= 2);
    }

    // What this process has read from files; proc(5), "rchar".
    private static long BytesRead() => File.ReadLines("/proc/self/io")
        .Where(static line => line.StartsWith("rchar:", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line.AsSpan(6), CultureInfo.InvariantCulture));
}
