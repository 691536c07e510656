using System.Collections.Concurrent;
using System.Diagnostics;
using Integration.Fleet;
using Skerry.Objects.Tests.Fleet;

namespace Integration.Recovery;

/// <summary>A node dies that had very many objects in memory, and all of them are asked for at once.</summary>
public sealed class RecoveryTests(MembershipServers servers)
{
    private const int CallersEach = 32;
    private const int Watched = 6;

    private static readonly int s_objects = Environment.GetEnvironmentVariable("SKERRY_LONG") == "1" ? 10_000 : 1_000;

    [Fact]
    public async Task All_objects_of_a_dead_node_are_served_again_and_those_of_other_nodes_all_the_time()
    {
        // Objects stay where they are for as long as they are in memory: at first there is one node.
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 1, settings: ["--objects-idle-evict-seconds", "3600"]);
        using var bookings = new Bookings(static () => []);
        var dying = fleet.Nodes[0];
        await ForAllAsync([dying], flight => bookings.BookAsync(dying.Gateway, flight, "1A", $"first of {flight}"));
        await fleet.GrowAsync(3);
        SkerryNode[] others = [.. fleet.Nodes.Skip(1)];
        var watched = await FlightsOfAsync(fleet, bookings, others);

        var clock = Stopwatch.StartNew();
        await dying.KillAsync();
        using var stop = new CancellationTokenSource();
        var watches = Task.WhenAll(watched.Select((flight, i) => WatchAsync(bookings, others[i % others.Length].Gateway, flight, stop.Token)));
        await ForAllAsync(others, async (flight, gateway) =>
        {
            // An answer that was no answer may have been a booking: of the seat it is known then, of the passenger not.
            for (var seat = 0; seat < 6; seat++)
            {
                if (await bookings.BookAsync(gateway, flight, $"2{(char)('A' + seat)}", $"{seat} of {flight}"))
                {
                    return;
                }
            }

            Assert.Fail($"{flight} cannot be had: {bookings.Errors.Last()}");
        });
        var served = clock.Elapsed;
        await stop.CancelAsync();
        var latencies = (await watches).SelectMany(static one => one).Order().ToList();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{s_objects} objects served again after {served.TotalSeconds:0.0} s; {latencies.Count} bookings of other nodes' objects meanwhile, p50 {latencies[latencies.Count / 2]:0} ms, p99 {latencies[(int)(latencies.Count * 0.99)]:0} ms");

        // Nobody else's object has waited for the recovery.
        Assert.True(latencies.Count > Watched * 5, $"{latencies.Count} bookings of other nodes' objects");
        await ForAllAsync(others, async (flight, gateway) => Assert.True(await bookings.HasAsync(gateway, flight, "1A", $"first of {flight}"), flight));
    }

    // As many callers for each node as a small site has users.
    private static Task ForAllAsync(SkerryNode[] asked, Func<string, Uri, Task> each) => Parallel.ForEachAsync(
        Enumerable.Range(0, s_objects),
        new ParallelOptions { MaxDegreeOfParallelism = CallersEach * asked.Length },
        async (i, _) => await each($"RC{i}", asked[i % asked.Length].Gateway));

    private static Task ForAllAsync(SkerryNode[] asked, Func<string, Task<bool>> each) => ForAllAsync(asked, async (flight, _) => Assert.True(await each(flight), flight));

    private static async Task<List<string>> FlightsOfAsync(SkerryFleet fleet, Bookings bookings, SkerryNode[] owners)
    {
        List<string> found = [];
        for (var i = 0; found.Count < Watched; i++)
        {
            Assert.True(await bookings.BookAsync(owners[0].Gateway, $"W{i}", "1A", "first"));
            if (fleet.OwnerOf($"W{i}") is { } owner && owners.Contains(owner))
            {
                found.Add($"W{i}");
            }
        }

        return found;
    }

    private static async Task<IReadOnlyCollection<double>> WatchAsync(Bookings bookings, Uri gateway, string flight, CancellationToken stop)
    {
        ConcurrentBag<double> latencies = [];
        for (var seat = 1; seat < 180 && !stop.IsCancellationRequested; seat++)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.True(await bookings.BookAsync(gateway, flight, $"{(seat / 6) + 1}{(char)('A' + (seat % 6))}", $"p{seat}"), $"{flight}: {bookings.Errors.LastOrDefault()}");
            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.Delay(50, CancellationToken.None);
        }

        return latencies;
    }
}
