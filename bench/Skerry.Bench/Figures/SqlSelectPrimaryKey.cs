using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>One row by primary key inside an object, against the same prepared statement on bare SQLite.</summary>
internal sealed class SqlSelectPrimaryKey : IFigure
{
    private const int Times = 300_000;

    /// <inheritdoc/>
    public string Name => "sql_select_pk";

    /// <inheritdoc/>
    public string Unit => "ns/op";

    /// <inheritdoc/>
    public string Peer => "SQLitePCLRaw, prepared, exclusive lock";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 1.3 times the peer, no bytes beside the row's string", RatioMin: 1 / 1.3);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        using var sqlite = new RawSqlite(Path.Combine(run.NewFolder(Name), "sample.sqlite"));
        await using var host = run.Subject is { } subject ? await subject.StartHost(run.NewFolder(Name), cancel) : null;
        var probe = host?.Probe(Name);
        if (probe is not null)
        {
            await probe.Prepare();
        }

        double? bytes = null;
        double peerBytes = 0;
        var (ours, peer) = await Rounds.Alternate(
            9,
            probe is null ? null : async () =>
            {
                var cost = await probe.SelectPrimaryKey(Times);
                bytes = cost.Bytes;
                return cost.Nanoseconds;
            },
            () =>
            {
                var cost = sqlite.SelectPrimaryKey(Times);
                peerBytes = cost.Bytes;
                return Task.FromResult(cost.Nanoseconds);
            },
            cancel);
        // Half a byte is the share of what a round allocates once, such as the task it answers with.
        return new Measurement(
            ours,
            peer,
            $"{Shown.Of(bytes, "0.0")} bytes an operation; the peer's {Shown.Of(peerBytes, "0.0")} are the row's string",
            AlsoMet: !(bytes > peerBytes + 0.5));
    }
}
