using System.Globalization;
using System.Text.Json;

namespace Skerry.Bench.Peers;

/// <summary>The load generator: 32 connections on one thread, for the servers share two cores with it.</summary>
internal static class Wrk
{
    private const int Connections = 32;

    /// <summary>Loads a server.</summary>
    /// <param name="run">Knows where the scripts are.</param>
    /// <param name="server">Whom to load.</param>
    /// <param name="script">A file of the Wrk folder.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="arguments">The script's own.</param>
    /// <param name="cancel">Ends wrk.</param>
    /// <returns>Requests a second, all of them answered with success, and the median latency in milliseconds.</returns>
    /// <exception cref="BenchException">A request was refused, failed or timed out.</exception>
    public static async Task<(double PerSecond, double MedianMs)> Load(
        BenchRun run, FlightServer server, string script, int seconds, string[] arguments, CancellationToken cancel)
    {
        var output = await Tool.Run(
            Tool.Find("wrk"),
            [
                "-t1", string.Create(CultureInfo.InvariantCulture, $"-c{Connections}"), string.Create(CultureInfo.InvariantCulture, $"-d{seconds}s"),
                "-s", Path.Combine(run.RepositoryFolder, "bench/Skerry.Bench/Wrk", script), server.Client.BaseAddress!.ToString(), "--", .. arguments,
            ],
            cancel);
        var line = output.Split('\n').FirstOrDefault(text => text.StartsWith("result ", StringComparison.Ordinal))
            ?? throw new BenchException("wrk printed no result: " + output);
        using var result = JsonDocument.Parse(line["result ".Length..]);
        long Field(string name) => result.RootElement.GetProperty(name).GetInt64();
        if (Field("refused") > 0 || Field("failed") > 0 || Field("requests") == 0)
        {
            throw new BenchException($"Under load by wrk not every request of {script} succeeded: {line}");
        }

        return (Field("requests") / (Field("microseconds") / 1e6), Field("p50_us") / 1e3);
    }
}
