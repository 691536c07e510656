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

        // "wchar" counts what is passed to write(2) and pwrite(2); sockets are written with send(2).
        var devices = new List<double>();
        var (ours, _) = await Rounds.Alternate(
            3,
            async () =>
            {
                var before = LeaderWithFollowers.DeviceBytes();
                var appended = await FollowerBytes.Measure(log, () => log.FollowerIo("wchar"), cancel);
                devices.Add((LeaderWithFollowers.DeviceBytes() - before) / (double)FollowerBytes.Total);
                return appended;
            },
            null,
            cancel);
        return new Measurement(ours, null, $"{FollowerBytes.Load}; the disks wrote {Shown.Of(Rounds.Median(devices), "0.0")} bytes for each follower, with whole blocks, prepared segments and the leader's spool");
    }
}
