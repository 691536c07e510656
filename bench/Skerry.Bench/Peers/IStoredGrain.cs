namespace Skerry.Bench.Peers;

/// <summary>A grain that stores a number at every call.</summary>
public interface IStoredGrain : IGrainWithStringKey
{
    /// <summary>Returns when the number is stored.</summary>
    Task Write(long value);
}
