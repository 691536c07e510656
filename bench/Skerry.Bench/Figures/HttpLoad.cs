using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>One flight object under HTTP load, ours and workerd's, each in a process of its own beside wrk.</summary>
internal abstract class HttpLoad : IFigure
{
    private const int Seconds = 4;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public string Unit => "requests/s";

    /// <inheritdoc/>
    public string Peer => "workerd, the same class in JavaScript";

    /// <inheritdoc/>
    public bool HigherIsBetter => true;

    /// <inheritdoc/>
    public abstract Target Target { get; }

    /// <summary>Seats of the flight.</summary>
    protected abstract int Seats { get; }

    /// <summary>The script's file name.</summary>
    protected abstract string Script { get; }

    /// <summary>The script's arguments.</summary>
    protected abstract string[] Arguments(string flight);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var workerd = await FlightServer.StartWorkerd(run, run.NewFolder("workerd"), cancel);
        await using var skerry = run.Subject is null ? null : await FlightServer.StartOurs(run.NewFolder(Name), cancel);
        var oursMs = new List<double>();
        var peerMs = new List<double>();
        var (ours, peer) = await Rounds.Alternate(
            3,
            skerry is null ? null : () => Round(run, skerry, oursMs, cancel),
            () => Round(run, workerd, peerMs, cancel),
            cancel);
        return new Measurement(
            ours,
            peer,
            $"median latency {Shown.Of(Rounds.Median(oursMs), "0.00")} ms, the peer's {Shown.Of(Rounds.Median(peerMs), "0.00")} ms");
    }

    private async Task<double> Round(BenchRun run, FlightServer server, List<double> medians, CancellationToken cancel)
    {
        // Every round has a flight of its own, so that it starts with every passenger on the ground.
        var flight = Guid.NewGuid().ToString("n")[..12];
        await server.Initialize(flight, Seats, cancel);
        var (perSecond, medianMs) = await Wrk.Load(run, server, Script, Seconds, Arguments(flight), cancel);
        medians.Add(medianMs);
        return perSecond;
    }
}
