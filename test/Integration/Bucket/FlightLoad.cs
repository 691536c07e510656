using Integration.Fleet;

namespace Integration.Bucket;

/// <summary>
/// Clients that book seats on flights which exist already. Each has its own, so that a flight that cannot be had holds up
/// nobody but its client.
/// </summary>
internal sealed class FlightLoad(string name, Bookings bookings, int clients, int flightsEach)
{
    private const int Letters = 6;
    private const int Rows = 30;

    // The first seat is booked beforehand.
    private readonly int[] _next = [.. Enumerable.Repeat(1, clients * flightsEach)];

    /// <summary>Bookings that there are seats for.</summary>
    public int Capacity => _next.Length * ((Letters * Rows) - 1);

    /// <summary>All flights.</summary>
    public IEnumerable<string> Flights => Enumerable.Range(0, _next.Length).Select(NameOf);

    /// <summary>Books the first seat of each flight, so that it has an owner.</summary>
    public Task PrepareAsync(IReadOnlyList<Uri> gateways) => Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
    {
        foreach (var flight in FlightsOf(client))
        {
            var name = NameOf(flight);
            await Waiting.UntilAsync(() => bookings.BookAsync(gateways[flight % gateways.Count], name, "1A", "first"), $"the first booking of {name}");
        }
    }));

    /// <summary>Books one seat after the other, with a pause between a client's bookings, until stopped or everything is booked.</summary>
    public Task RunAsync(Func<IReadOnlyList<Uri>> gateways, TimeSpan pause, CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
    {
        var random = new Random(client);
        for (var booking = 0; !stop.IsCancellationRequested; booking++)
        {
            var flight = FlightsOf(client).ElementAt(booking % flightsEach);
            var seat = _next[flight]++;
            if (seat >= Letters * Rows)
            {
                return;
            }

            var all = gateways();
            await bookings.BookAsync(all[random.Next(all.Count)], NameOf(flight), $"{(seat / Letters) + 1}{(char)('A' + (seat % Letters))}", $"p{client}.{booking}");
            await Task.Delay(pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }));

    private IEnumerable<int> FlightsOf(int client) => Enumerable.Range(client * flightsEach, flightsEach);

    private string NameOf(int flight) => $"{name}{flight}";
}
