using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay;

/// <summary>
/// What the procedures of ownership and takeover are made of: everything through which they reach the world. They use
/// no thread, lock, socket or file, and run on one loop (<see cref="RelayLoop"/>, or the simulator's), so a context
/// switch happens only where they await.
/// </summary>
/// <param name="Self">This node, in this session.</param>
/// <param name="Transport">The way to other nodes, and to this one.</param>
/// <param name="Options">How long and how much.</param>
/// <param name="Time">The clock.</param>
/// <param name="Random">Where chance comes from; used on the loop only.</param>
/// <param name="Logger">Where they tell what happens.</param>
/// <param name="Stopping">The session's end: what is shared between callers runs until then, and not with any one caller.</param>
public sealed record ControlPlane(
    NodeInfo Self,
    IRelayTransport Transport,
    ControlOptions Options,
    TimeProvider Time,
    Random Random,
    ILogger Logger,
    CancellationToken Stopping)
{
    /// <summary>A new series of waits.</summary>
    public Backoff NewBackoff() => new(Time, Random);

    /// <summary>Waits.</summary>
    public Task DelayAsync(TimeSpan delay, CancellationToken cancel) => Task.Delay(delay, Time, cancel);
}
