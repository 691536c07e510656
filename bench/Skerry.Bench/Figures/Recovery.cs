using System.Diagnostics;
using System.Globalization;
using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>
/// A node with 10,000 objects in memory is killed, and the five others are asked for all of them at once: seconds until
/// each has confirmed a write, and how long the writes of other nodes' objects took meanwhile.
/// </summary>
internal sealed class Recovery : IFigure
{
    private const int Nodes = 6;
    private const int Objects = 10_000;
    private const int WatchedEach = 4;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    // Everything that is confirmed is in the bucket by then, but for what a batch holds.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(12);

    /// <inheritdoc/>
    public string Name => "recovery_10000";

    /// <inheritdoc/>
    public string Unit => "s";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 60 s", ValueMax: 60);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var fleet = await RelayFleet.Start(run, Nodes, cancel);
        const int Dying = Nodes - 1;
        for (var node = 0; node < Dying; node++)
        {
            await fleet.Post(node, Of("/fill/watched", node * WatchedEach, WatchedEach), cancel);
        }

        var filled = await fleet.Post(Dying, Of("/fill/recovered", 0, Objects), cancel);
        if (filled != Objects)
        {
            throw new BenchException($"Only {filled} of {Objects} objects live on the node that is to die.");
        }

        await Task.Delay(Rest, cancel);
        var quiet = await Watch(fleet, Dying, () => Task.Delay(Quiet, cancel), cancel);
        var clock = new Stopwatch();
        var busy = await Watch(
            fleet,
            Dying,
            async () =>
            {
                clock.Start();
                await fleet.Kill(Dying);
                const int Share = Objects / Dying;
                await Task.WhenAll(Enumerable.Range(0, Dying).Select(node => fleet.Post(node, Of("/serve/recovered", node * Share, Share), cancel)));
                clock.Stop();
            },
            cancel);
        return new Measurement(
            clock.Elapsed.TotalSeconds,
            null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Objects:n0} objects of one of {Nodes} processes, all asked for at once; writes of the other nodes' objects meanwhile: p99 {busy / 1e3:0} ms on the slowest node, {quiet / 1e3:0} ms before"));
    }

    private static async Task<long> Watch(RelayFleet fleet, int nodes, Func<Task> meanwhile, CancellationToken cancel)
    {
        for (var node = 0; node < nodes; node++)
        {
            await fleet.Post(node, Of("/watch/watched", node * WatchedEach, WatchedEach), cancel);
        }

        await meanwhile();
        return (await Task.WhenAll(Enumerable.Range(0, nodes).Select(node => fleet.Post(node, "/watched", cancel)))).Max();
    }

    private static string Of(string path, int from, int count) => string.Create(CultureInfo.InvariantCulture, $"{path}/{from}/{count}");
}
