namespace Skerry.Bench.Peers;

/// <summary>What <see cref="StoredGrain"/> stores.</summary>
[GenerateSerializer]
public sealed class StoredNumber
{
    /// <summary>The number written last.</summary>
    [Id(0)]
    public long Value { get; set; }
}
