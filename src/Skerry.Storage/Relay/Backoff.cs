namespace Skerry.Storage.Relay;

/// <summary>
/// How long to wait before something is tried again: 50 ms, doubled with each try up to 2 s, less up to half of it at
/// random, so that nodes that failed together do not try again together. For one procedure; not thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="random">Where chance comes from.</param>
public sealed class Backoff(TimeProvider time, Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private TimeSpan _next = First;

    /// <summary>Waits.</summary>
    public async Task PauseAsync(CancellationToken cancel)
    {
        var pause = _next * (1 - (random.NextDouble() / 2));
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        await Task.Delay(pause, time, cancel);
    }

    /// <summary>It went well: the next wait is a short one again.</summary>
    public void Reset() => _next = First;
}
