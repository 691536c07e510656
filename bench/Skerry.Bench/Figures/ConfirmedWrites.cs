using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>64 objects with a caller each that writes one row and waits until it is durable.</summary>
internal sealed class ConfirmedWrites : IFigure
{
    private const int Objects = 64;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public string Name => "confirmed_writes_64";

    /// <inheritdoc/>
    public string Unit => "writes/s";

    /// <inheritdoc/>
    public string Peer => "Orleans grains, ADO.NET storage in PostgreSQL";

    /// <inheritdoc/>
    public bool HigherIsBetter => true;

    /// <inheritdoc/>
    public Target Target => new("at least 20,000 a second and 5 times the peer", ValueMin: 20_000, RatioMin: 5);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var cluster = await PostgresCluster.Start(run.NewFolder("postgres"), cancel);
        await GrainStorageSchema.Create(cluster.ConnectionString, cancel);
        await using var silo = await PlainSilo.Start(cluster.ConnectionString, cancel);
        var grains = Enumerable.Range(0, Objects).Select(i => silo.Grains.GetGrain<IStoredGrain>($"{Name}-{i}")).ToArray();
        await using var host = run.Subject is { } subject ? await subject.StartHost(run.NewFolder(Name), cancel) : null;
        var probes = host is null ? null : Enumerable.Range(0, Objects).Select(i => host.Probe($"{Name}-{i}")).ToArray();

        var value = 0L;
        var (ours, peer) = await Rounds.Alternate(
            3,
            probes is null ? null : () => CallersLoad.CallsPerSecond(Objects, Length, caller => probes[caller].Write(Interlocked.Increment(ref value))),
            () => CallersLoad.CallsPerSecond(Objects, Length, caller => grains[caller].Write(Interlocked.Increment(ref value))),
            cancel);
        return new Measurement(ours, peer);
    }
}
