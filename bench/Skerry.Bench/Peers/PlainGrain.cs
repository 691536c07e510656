namespace Skerry.Bench.Peers;

/// <inheritdoc cref="IPlainGrain"/>
public sealed class PlainGrain : Grain, IPlainGrain
{
    private readonly long value = 42;

    /// <inheritdoc/>
    public Task<long> Read() => Task.FromResult(value);
}
