using System.Diagnostics;
using System.Globalization;
using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>From <c>kill -9</c> of an object's owner to the first write of it that another node has confirmed, 50 times.</summary>
internal sealed class Failover : IFigure
{
    private const int Nodes = 6;
    private const int Kills = 50;

    // A request that waits for longer is asked anew, of the next node, as a client would do it.
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public string Name => "failover";

    /// <inheritdoc/>
    public string Unit => "s p50";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("p50 at most 3 s, worst of 50 at most 8 s", ValueMax: 3);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var fleet = await RelayFleet.Start(run, Nodes, cancel);
        var write = $"/write/{RelayFleet.NameOf(Name, 0)}";
        var held = string.Create(CultureInfo.InvariantCulture, $"/held/{Name}/1");
        var times = new List<double>();
        await fleet.Post(0, write, cancel);
        for (var kill = 0; kill < Kills; kill++)
        {
            var owner = await Owner(fleet, held, cancel);
            var start = Stopwatch.GetTimestamp();
            await fleet.Kill(owner);
            await FirstWrite(fleet, owner, write, start, cancel);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);

            // The next kill finds the fleet whole, and the object with the followers that it should have.
            await fleet.StartNode(owner, cancel);
            for (var node = 0; node < Nodes; node++)
            {
                await fleet.WaitForFollowers(node, cancel);
            }

            await fleet.Post((owner + 1) % Nodes, write, cancel);
        }

        return new Measurement(
            Rounds.Median(times), null, $"worst of {Kills}: {Shown.Of(times.Max(), "0.0")} s; {Nodes} processes, five followers", AlsoMet: times.Max() <= 8);
    }

    private static async Task FirstWrite(RelayFleet fleet, int killed, string write, long start, CancellationToken cancel)
    {
        for (var turn = 1; ; turn++)
        {
            var node = (killed + 1 + (turn % (Nodes - 1))) % Nodes;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(RequestPatience);
            try
            {
                await fleet.Post(node, write, patience.Token);
                return;
            }
            catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                if (Stopwatch.GetElapsedTime(start) > GiveUp)
                {
                    throw new BenchException($"No node has confirmed a write for {GiveUp.TotalSeconds:0} s: {error.Message}");
                }

                await Task.Delay(20, cancel);
            }
        }
    }

    private static async Task<int> Owner(RelayFleet fleet, string held, CancellationToken cancel)
    {
        for (var node = 0; node < Nodes; node++)
        {
            if (await fleet.Get(node, held, cancel) == 1)
            {
                return node;
            }
        }

        throw new BenchException("No node has the object in memory.");
    }
}
