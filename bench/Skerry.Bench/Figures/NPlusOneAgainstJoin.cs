using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>A list of 100 documents and a query for the author of each, against the join; both inside the same object.</summary>
internal sealed class NPlusOneAgainstJoin : IFigure
{
    private const int Times = 2_000;

    /// <inheritdoc/>
    public string Name => "n_plus_one_vs_join";

    /// <inheritdoc/>
    public string Unit => "us/op";

    /// <inheritdoc/>
    public string Peer => "the join, in the same object";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 1.5 times the join", RatioMin: 1 / 1.5);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        // What the pattern costs without us says how much of the difference is SQLite's own.
        using var sqlite = new RawSqlite(Path.Combine(run.NewFolder(Name), "sample.sqlite"));
        var (bare, bareJoin) = await Rounds.Alternate(
            5,
            () => Task.FromResult(sqlite.NPlusOne(Times).Nanoseconds / 1e3),
            () => Task.FromResult(sqlite.Join(Times).Nanoseconds / 1e3),
            cancel);
        var note = $"SQLitePCLRaw needs {Shown.Of(bare, "0.0")} us for N+1 and {Shown.Of(bareJoin, "0.0")} us for the join";
        if (run.Subject is not { } subject)
        {
            return new Measurement(null, null, note);
        }

        await using var host = await subject.StartHost(run.NewFolder(Name), cancel);
        var probe = host.Probe(Name);
        await probe.Prepare();
        var (ours, join) = await Rounds.Alternate(
            9,
            async () => (await probe.NPlusOne(Times)).Nanoseconds / 1e3,
            async () => (await probe.Join(Times)).Nanoseconds / 1e3,
            cancel);
        return new Measurement(ours, join, note);
    }
}
