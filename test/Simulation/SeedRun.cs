using Skerry.Simulation.Bugs;
using Skerry.Simulation.Fleet;

namespace Skerry.Simulation;

/// <summary>A seed that failed.</summary>
internal sealed record SeedFailure(int Seed, PlantedBug Bug, Exception Failure)
{
    public override string ToString() =>
        $"seed {Seed}: {Failure.Message}\n  replay it: dotnet run -c Release --project test/Simulation -- replay {Seed}{(Bug == PlantedBug.None ? "" : $" {Bug}")}";
}

/// <summary>Runs many seeds, as many at a time as there are processors.</summary>
internal static class SeedRun
{
    public static List<SeedFailure> Run(int first, int count, PlantedBug bug, int failuresMax)
    {
        var failures = new List<SeedFailure>();
        Parallel.For(first, first + count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            if (new SimulatedFleet(seed, bug).Run() is { } failure)
            {
                lock (failures)
                {
                    failures.Add(new SeedFailure(seed, bug, failure));
                    if (failures.Count >= failuresMax)
                    {
                        loop.Stop();
                    }
                }
            }
        });
        failures.Sort(static (a, b) => a.Seed.CompareTo(b.Seed));
        return failures;
    }
}
