using System.Diagnostics;
using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>An in-process call of an object that runs one select, against a call of a grain that returns a number.</summary>
internal sealed class ObjectCall : IFigure
{
    private const int Times = 100_000;
    private const int Callers = 64;

    /// <inheritdoc/>
    public string Name => "object_call";

    /// <inheritdoc/>
    public string Unit => "us/call";

    /// <inheritdoc/>
    public string Peer => "plain Orleans grain call";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 1.5 times the peer", RatioMin: 1 / 1.5);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var silo = await PlainSilo.Start(null, cancel);
        var grains = Enumerable.Range(0, Callers).Select(i => silo.Grains.GetGrain<IPlainGrain>($"{Name}-{i}")).ToArray();
        await using var host = run.Subject is { } subject ? await subject.StartHost(run.NewFolder(Name), cancel) : null;
        var probes = host is null ? null : Enumerable.Range(0, Callers).Select(i => host.Probe($"{Name}-{i}")).ToArray();
        foreach (var probe in probes ?? [])
        {
            await probe.Write(42);
        }

        var (ours, peer) = await Rounds.Alternate(
            7,
            probes is null ? null : () => Sequential(() => probes[0].Read()),
            () => Sequential(() => grains[0].Read()),
            cancel);
        var length = TimeSpan.FromSeconds(1);
        var (oursAtOnce, peerAtOnce) = await Rounds.Alternate(
            5,
            probes is null ? null : () => CallersLoad.CallsPerSecond(Callers, length, caller => probes[caller].Read()),
            () => CallersLoad.CallsPerSecond(Callers, length, caller => grains[caller].Read()),
            cancel);
        return new Measurement(
            ours,
            peer,
            $"{Callers} callers at once: {Shown.Of(oursAtOnce, "n0")} calls/s, the peer {Shown.Of(peerAtOnce, "n0")} calls/s",
            AlsoMet: !(peerAtOnce / oursAtOnce > 1.5));
    }

    private static async Task<double> Sequential(Func<Task<long>> call)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            await call();
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Times;
    }
}
