namespace Skerry.Bench.Ours;

/// <summary>How the figures get at the product.</summary>
/// <param name="StartHost">Starts objects in this process over a data folder.</param>
/// <param name="ServeFlights">Serves the flights of <c>Workerd/flight.js</c> on a loopback port until cancelled; runs in a child process.</param>
internal sealed record Subject(
    Func<string, CancellationToken, Task<IProbeHost>> StartHost,
    Func<int, string, CancellationToken, Task> ServeFlights)
{
    /// <summary>The product of this build.</summary>
    public static Subject? Current { get; } = new(ProbeHost.Start, BenchFlightServer.Serve);
}
