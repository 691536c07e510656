using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Skerry.Bench.Ours;
using Skerry.Objects;
using Skerry.Objects.Activation;

namespace Skerry.Bench.Fleet;

/// <summary>What a node is asked by the figure of a fleet's recovery: to fill itself with objects, to serve those of a dead node, to watch its own.</summary>
internal static class NodeRecovery
{
    private const int Callers = 64;
    private static readonly TimeSpan WatchPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Adds the addresses.</summary>
    public static void Map(WebApplication app, string zone)
    {
        var probes = app.Services.GetRequiredService<DurableObjectNamespace<IProbe>>();
        var runtime = app.Services.GetRequiredService<ObjectRuntime>();
        ConcurrentBag<double> latencies = [];
        CancellationTokenSource? watching = null;
        Task watch = Task.CompletedTask;

        // Writes so many objects once, so that they live here: the hint is this node's own zone.
        app.MapPost("/fill/{prefix}/{from}/{count}", (RequestDelegate)(async http =>
        {
            LocationHint? here = LocationHintCodes.TryParse(zone, out var hint) ? hint : null;
            await ForEach(http, name => probes.GetByName(name, here).Write(1));
            await Answer(http, Names(http).Count(name => runtime.Find(probes.IdFromName(name).Key) is not null));
        }));

        // A confirmed write of each, tried again until it succeeds; how many milliseconds that took in all.
        app.MapPost("/serve/{prefix}/{from}/{count}", (RequestDelegate)(async http =>
        {
            var clock = Stopwatch.StartNew();
            await ForEach(http, name => Persist(() => probes.GetByName(name).Write(2)));
            await Answer(http, clock.ElapsedMilliseconds);
        }));

        // Writes to objects here, one after the other and a pause between, until stopped.
        app.MapPost("/watch/{prefix}/{from}/{count}", (RequestDelegate)(async http =>
        {
            latencies.Clear();
            watching = new CancellationTokenSource();
            var (stop, watched) = (watching.Token, Names(http).Where(name => runtime.Find(probes.IdFromName(name).Key) is not null).Select(name => probes.GetByName(name)).ToArray());
            watch = Task.WhenAll(watched.Select(probe => Watch(probe, latencies, stop)));
            await Answer(http, watched.Length);
        }));

        // What 99 of 100 of those writes took at most, in microseconds.
        app.MapPost("/watched", (RequestDelegate)(async http =>
        {
            await watching!.CancelAsync();
            await watch;
            double[] all = [.. latencies.Order()];
            await Answer(http, all.Length == 0 ? 0 : (long)(all[(int)(all.Length * 0.99)] * 1_000));
        }));
    }

    private static async Task Watch(IProbe probe, ConcurrentBag<double> latencies, CancellationToken stop)
    {
        for (var value = 0L; !stop.IsCancellationRequested; value++)
        {
            var started = Stopwatch.GetTimestamp();
            await probe.Write(value);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(WatchPause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task Persist(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (DurableObjectException e) when (e.Retryable)
            {
                await Task.Delay(RetryPause);
            }
        }
    }

    private static Task ForEach(HttpContext http, Func<string, Task> each) => Parallel.ForEachAsync(
        Names(http), new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = http.RequestAborted }, async (name, _) => await each(name));

    private static IEnumerable<string> Names(HttpContext http) =>
        Enumerable.Range(Number(http, "from"), Number(http, "count")).Select(i => RelayFleet.NameOf((string)http.Request.RouteValues["prefix"]!, i));

    private static int Number(HttpContext http, string name) => int.Parse((string)http.Request.RouteValues[name]!, CultureInfo.InvariantCulture);

    private static Task Answer(HttpContext http, long number) => http.Response.WriteAsync(number.ToString(CultureInfo.InvariantCulture));
}
