using System.Globalization;
using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>
/// What keeping 64 objects in the bucket costs that are written once a second each, in puts an hour. Against Litestream,
/// by arithmetic on what it does by default for 64 databases that are written as often.
/// </summary>
internal sealed class BucketPuts : IFigure
{
    private const int Nodes = 3;
    private const int Objects = 64;
    private const int Seconds = 60;

    // Litestream 0.5: a file each second in which a database changed (sync-interval 1 s), merged into files of 30 s, 5 min
    // and an hour (its levels 1 to 3), and a snapshot a day.
    private const double LitestreamPutsPerHour = 3_600 + 120 + 12 + 1 + (1 / 24.0);

    /// <inheritdoc/>
    public string Name => "bucket_puts";

    /// <inheritdoc/>
    public string Unit => "puts/h";

    /// <inheritdoc/>
    public string Peer => "Litestream's defaults, by arithmetic";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most half the peer's", RatioMin: 2);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        await using var fleet = await RelayFleet.Start(run, Nodes, cancel);
        await fleet.Touch(Name, Objects, cancel);
        var of = string.Create(CultureInfo.InvariantCulture, $"{Name}/{Objects}");

        // The first window has the claims of the objects, and promotes nothing.
        await fleet.Sum(node => fleet.Post(node, $"/trickle/{of}/12", cancel));
        var puts = await fleet.Sum(node => fleet.Get(node, "/puts", cancel));
        var bytes = await fleet.Sum(node => fleet.Get(node, "/put-bytes", cancel));
        var writes = await fleet.Sum(node => fleet.Post(node, $"/trickle/{of}/{Seconds}", cancel));
        puts = await fleet.Sum(node => fleet.Get(node, "/puts", cancel)) - puts;
        bytes = await fleet.Sum(node => fleet.Get(node, "/put-bytes", cancel)) - bytes;
        return new Measurement(
            puts * 3_600.0 / Seconds,
            Objects * LitestreamPutsPerHour,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{writes:n0} writes in {Seconds} s from {Nodes} nodes: {puts} puts, {(double)bytes / writes:n0} bytes a write; what is not in the bucket yet is with the followers, with Litestream it is lost"));
    }
}
