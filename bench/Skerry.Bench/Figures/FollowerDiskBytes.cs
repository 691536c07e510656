using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>What one follower appends to its log for each byte of the records.</summary>
internal sealed class FollowerDiskBytes : IFigure
{
    /// <inheritdoc/>
    public string Name => "follower_disk_bytes";

    /// <inheritdoc/>
    public string Unit => "bytes/LTX byte";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 1.3", ValueMax: 1.3);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var log = await LeaderWithFollowers.Start(run, cancel);

        // "wchar" counts what is passed to write(2) and pwrite(2); sockets are written with send(2). "write_bytes" is
        // what the kernel sent to the device: whole pages, and the same page again if two syncs fall into it.
        var blocks = new List<double>();
        var (ours, _) = await Rounds.Alternate(
            3,
            async () =>
            {
                var before = log.FollowerIo("write_bytes");
                var appended = await FollowerBytes.Measure(log, () => log.FollowerIo("wchar"), cancel);
                blocks.Add((log.FollowerIo("write_bytes") - before) / (double)FollowerBytes.Total);
                return appended;
            },
            null,
            cancel);
        return new Measurement(ours, null, $"{FollowerBytes.Load}; in whole pages {Shown.Of(Rounds.Median(blocks), "0.00")}");
    }
}
