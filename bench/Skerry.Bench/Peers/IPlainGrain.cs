namespace Skerry.Bench.Peers;

/// <summary>The plainest grain there is: it reads a number.</summary>
public interface IPlainGrain : IGrainWithStringKey
{
    /// <summary>A number that the grain holds in memory.</summary>
    Task<long> Read();
}
