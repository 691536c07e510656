using System.Globalization;
using Skerry.Bench.Measuring;
using Skerry.Bench.Ours;
using Skerry.Bench.Peers;

namespace Skerry.Bench.Figures;

/// <summary>What an active object with a database of ten pages holds in memory, all pages read. No peer has such objects.</summary>
internal sealed class ActiveObjectBytes : IFigure
{
    private const int Objects = 2_000;
    private const int WarmObjects = 100;
    private const int Pages = 10;

    /// <inheritdoc/>
    public string Name => "active_object_bytes";

    /// <inheritdoc/>
    public string Unit => "bytes";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 100 KB", ValueMax: 100_000);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        if (run.Subject is null)
        {
            return new Measurement(null, null);
        }

        // A process that wrote the databases has grown by that; a fresh one measures.
        var folder = run.NewFolder(Name);
        await Tool.Run(Environment.ProcessPath!, [ChildTasks.HoldObjects, "fill", folder], cancel);
        var resident = new List<double>();
        var managed = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            var answer = await Tool.Run(Environment.ProcessPath!, [ChildTasks.HoldObjects, "measure", folder], cancel);
            var numbers = answer.Trim().Split('\n')[^1].Split(' ');
            resident.Add(double.Parse(numbers[0], CultureInfo.InvariantCulture));
            managed.Add(double.Parse(numbers[1], CultureInfo.InvariantCulture));
        }

        return new Measurement(
            Rounds.Median(resident),
            null,
            $"resident set, {Shown.Of(Objects, "n0")} objects; of it {Shown.Of(Rounds.Median(managed), "n0")} bytes in the managed heap");
    }

    /// <summary>The child process: makes the databases, or activates all objects and prints resident and managed bytes an object.</summary>
    public static async Task Hold(Subject subject, string task, string folder, CancellationToken cancel)
    {
        await using var host = await subject.StartHost(folder, cancel);
        if (task == "fill")
        {
            await Parallel.ForAsync(0, WarmObjects + Objects, cancel, async (i, _) => await host.Probe(ObjectName(i)).FillPages(Pages));
            return;
        }

        async Task Activate(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                await host.Probe(ObjectName(i)).ReadPages();
            }
        }

        await Activate(0, WarmObjects);
        var before = ResidentMemory.Settled();
        await Activate(WarmObjects, WarmObjects + Objects);
        var after = ResidentMemory.Settled();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{(after.Resident - before.Resident) / Objects} {(after.Managed - before.Managed) / Objects}"));
    }

    private static string ObjectName(int number) => string.Create(CultureInfo.InvariantCulture, $"memory-{number}");
}
