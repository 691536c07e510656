namespace Skerry.Simulation.World;

/// <summary>The randomness of a run.</summary>
internal static class Chance
{
    public static bool Happens(this Random random, double probability) => random.NextDouble() < probability;

    public static TimeSpan Between(this Random random, double fromMs, double toMs) =>
        TimeSpan.FromMilliseconds(fromMs + (random.NextDouble() * (toMs - fromMs)));

    /// <summary>Mostly near the lower end, sometimes much longer: as networks and disks are.</summary>
    public static TimeSpan Skewed(this Random random, double fromMs, double toMs) =>
        TimeSpan.FromMilliseconds(fromMs + (Math.Pow(random.NextDouble(), 6) * (toMs - fromMs)));

    public static UInt128 Next128(this Random random) => new((ulong)random.NextInt64(), (ulong)random.NextInt64());

    public static T Pick<T>(this Random random, IReadOnlyList<T> list) => list[random.Next(list.Count)];
}
