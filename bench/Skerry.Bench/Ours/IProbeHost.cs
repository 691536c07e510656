namespace Skerry.Bench.Ours;

/// <summary>Skerry's objects, hosted in this process.</summary>
internal interface IProbeHost : IAsyncDisposable
{
    /// <summary>A stub of the object with that name.</summary>
    IProbe Probe(string name);
}
