namespace Skerry.Bench.Peers;

/// <inheritdoc cref="IStoredGrain"/>
public sealed class StoredGrain(
    [PersistentState("state", PlainSilo.StorageName)] IPersistentState<StoredNumber> state) : Grain, IStoredGrain
{
    /// <inheritdoc/>
    public Task Write(long value)
    {
        state.State.Value = value;
        return state.WriteStateAsync();
    }
}
