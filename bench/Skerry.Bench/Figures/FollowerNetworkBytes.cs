using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>What goes over the network to one follower, both ways and with all headers, for each byte of the records.</summary>
internal sealed class FollowerNetworkBytes : IFigure
{
    /// <inheritdoc/>
    public string Name => "follower_network_bytes";

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
        var (ours, _) = await Rounds.Alternate(3, () => FollowerBytes.Measure(log, LeaderWithFollowers.LoopbackBytes, cancel), null, cancel);
        return new Measurement(ours, null, $"all that went over loopback, a third for each of three followers; {FollowerBytes.Load}");
    }
}
