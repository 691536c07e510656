using System.Globalization;
using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>
/// 64 objects spread over six processes, each with a caller in its own process that writes one row and waits until three
/// of five followers have it on the disk.
/// </summary>
internal sealed class FleetConfirmedWrites : IFigure
{
    private const int Nodes = 6;
    private const int Objects = 64;
    private const int Seconds = 5;

    // Six processes on few cores spend their first half minute under load with compiling.
    private const int WarmUpSeconds = 30;

    /// <inheritdoc/>
    public string Name => "fleet_confirmed_writes";

    /// <inheritdoc/>
    public string Unit => "writes/s";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => true;

    /// <inheritdoc/>
    public Target Target => new("at least 8,000", ValueMin: 8_000);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var fleet = await RelayFleet.Start(run, Nodes, cancel);
        await fleet.Touch(Name, Objects, cancel);
        var of = string.Create(CultureInfo.InvariantCulture, $"{Name}/{Objects}");
        var held = await Task.WhenAll(Enumerable.Range(0, Nodes).Select(node => fleet.Get(node, $"/held/{of}", cancel)));
        await fleet.Sum(node => fleet.Post(node, $"/load/{of}/{WarmUpSeconds}", cancel));
        var (ours, _) = await Rounds.Alternate(
            3, async () => await fleet.Sum(node => fleet.Post(node, $"/load/{of}/{Seconds}", cancel)), null, cancel);
        return new Measurement(ours, null, $"{Nodes} processes on this machine, objects on each: {string.Join(", ", held)}");
    }
}
