using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;

namespace Skerry.Bench.Peers;

/// <summary>A process that serves the flight class over HTTP on loopback: workerd's or ours, with the same addresses and answers.</summary>
internal sealed class FlightServer : IAsyncDisposable
{
    private readonly ServerProcess server;

    private FlightServer(ServerProcess server, Uri address)
    {
        this.server = server;
        Client = new HttpClient { BaseAddress = address };
    }

    /// <summary>Speaks to the server.</summary>
    public HttpClient Client { get; }

    /// <summary>Starts workerd over a folder; objects that are in the folder are found again.</summary>
    public static Task<FlightServer> StartWorkerd(BenchRun run, string folder, CancellationToken cancel)
    {
        var workerd = Tool.Find("workerd", Path.Combine(run.RepositoryFolder, "artifacts/tools/workerd/node_modules/.bin"));
        var config = Path.Combine(run.RepositoryFolder, "bench/Skerry.Bench/Workerd/flight.capnp");
        var port = Tool.FreePort();
        return Start(
            new ProcessStartInfo(workerd, ["serve", config, $"--socket-addr=http=127.0.0.1:{port}", $"--directory-path=disk={folder}"]), port, cancel);
    }

    /// <summary>Starts this program again, as the server of our flights.</summary>
    public static Task<FlightServer> StartOurs(string folder, CancellationToken cancel)
    {
        var port = Tool.FreePort();
        return Start(
            new ProcessStartInfo(Environment.ProcessPath!, [ChildTasks.ServeFlights, port.ToString(CultureInfo.InvariantCulture), folder]), port, cancel);
    }

    /// <summary>Makes a flight with the free seats s0, s1, ….</summary>
    public async Task Initialize(string flight, int seats, CancellationToken cancel)
    {
        using var response = await Client.PostAsJsonAsync(new Uri($"/flights/{flight}", UriKind.Relative), new { seats }, cancel);
        response.EnsureSuccessStatusCode();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await server.DisposeAsync();
    }

    private static async Task<FlightServer> Start(ProcessStartInfo start, int port, CancellationToken cancel)
    {
        var address = new Uri($"http://127.0.0.1:{port}");
        using var client = new HttpClient { BaseAddress = address };
        var server = await ServerProcess.Start(
            start,
            async token => (await client.GetAsync(new Uri("/flights/ready/seats", UriKind.Relative), token)).IsSuccessStatusCode,
            ServerProcess.SigTerm,
            cancel);
        return new FlightServer(server, address);
    }
}
