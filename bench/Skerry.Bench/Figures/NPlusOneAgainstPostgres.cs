using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>The same 101 queries inside an object, and sent by Npgsql to PostgreSQL on the same machine.</summary>
internal sealed class NPlusOneAgainstPostgres : IFigure
{
    /// <inheritdoc/>
    public string Name => "n_plus_one_vs_postgres";

    /// <inheritdoc/>
    public string Unit => "us/op";

    /// <inheritdoc/>
    public string Peer => "PostgreSQL through Npgsql, prepared, Unix socket";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 5 % of the peer", RatioMin: 20);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var cluster = await PostgresCluster.Start(run.NewFolder("postgres"), cancel);
        await using var postgres = await PostgresSample.Create(cluster.ConnectionString, cancel);
        await using var host = run.Subject is { } subject ? await subject.StartHost(run.NewFolder(Name), cancel) : null;
        var probe = host?.Probe(Name);
        if (probe is not null)
        {
            await probe.Prepare();
        }

        var (ours, peer) = await Rounds.Alternate(
            7,
            probe is null ? null : async () => (await probe.NPlusOne(2_000)).Nanoseconds / 1e3,
            () => Task.FromResult(postgres.NPlusOne(100)),
            cancel);
        return new Measurement(ours, peer);
    }
}
