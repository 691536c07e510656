using System.Diagnostics;
using System.Globalization;
using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>
/// The first request to each of many flights after their server started anew: the object is not in memory, its small
/// database is on the local disk. Both servers are asked over one HTTP connection that is open already.
/// </summary>
internal sealed class ColdActivation : IFigure
{
    private const int Flights = 100;

    /// <inheritdoc/>
    public string Name => "cold_activation";

    /// <inheritdoc/>
    public string Unit => "ms p50";

    /// <inheritdoc/>
    public string Peer => "workerd, the same class in JavaScript";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 2 ms", ValueMax: 2);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        var workerdFolder = run.NewFolder("workerd");
        var oursFolder = run.NewFolder(Name);
        Task<FlightServer> Workerd() => FlightServer.StartWorkerd(run, workerdFolder, cancel);
        Task<FlightServer> Ours() => FlightServer.StartOurs(oursFolder, cancel);
        await Populate(Workerd, cancel);
        if (run.Subject is not null)
        {
            await Populate(Ours, cancel);
        }

        var warmOurs = new List<double>();
        var warmPeer = new List<double>();
        var (ours, peer) = await Rounds.Alternate(
            3,
            run.Subject is null ? null : () => FirstRequests(Ours, warmOurs, cancel),
            () => FirstRequests(Workerd, warmPeer, cancel),
            cancel);
        return new Measurement(
            ours,
            peer,
            "over HTTP; the second request to the same objects takes "
            + $"{Shown.Of(Rounds.Median(warmOurs), "0.00")} ms, the peer's {Shown.Of(Rounds.Median(warmPeer), "0.00")} ms");
    }

    private static string Flight(int number) => string.Create(CultureInfo.InvariantCulture, $"cold-{number}");

    private static async Task Populate(Func<Task<FlightServer>> start, CancellationToken cancel)
    {
        await using var server = await start();
        for (var i = 0; i < Flights; i++)
        {
            await server.Initialize(Flight(i), 100, cancel);
        }
    }

    private static async Task<double> FirstRequests(Func<Task<FlightServer>> start, List<double> warm, CancellationToken cancel)
    {
        await using var server = await start();
        // The first flights are not measured: they compile the code that all objects share.
        var cold = new List<double>(Flights);
        for (var i = 0; i < Flights; i++)
        {
            var first = await RequestMs(server, i, cancel);
            var second = await RequestMs(server, i, cancel);
            if (i >= Flights / 5)
            {
                cold.Add(first);
                warm.Add(second);
            }
        }

        return Rounds.Median(cold)!.Value;
    }

    private static async Task<double> RequestMs(FlightServer server, int flight, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var answer = await server.Client.GetStringAsync(new Uri($"/flights/{Flight(flight)}/seats", UriKind.Relative), cancel);
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return answer.Contains("\"s99\"", StringComparison.Ordinal)
            ? elapsed
            : throw new BenchException($"A flight lost its seats over a restart; the answer was {answer}");
    }
}
