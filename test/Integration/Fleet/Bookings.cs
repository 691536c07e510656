using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Integration.Fleet;

/// <summary>
/// Clients that book seats on many flights through any node, and remember what was confirmed. Of a booking whose answer
/// was an error nothing is known: it may have been made.
/// </summary>
/// <param name="gateways">Where they ask.</param>
/// <param name="name">What the names of their flights begin with, where several have one fleet.</param>
internal sealed class Bookings(Func<IReadOnlyList<Uri>> gateways, string name = "") : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Waiting.Bound };
    private readonly ConcurrentDictionary<(string Flight, string Seat), string> _confirmed = new();
    private readonly ConcurrentDictionary<(string Flight, string Seat), string> _unknown = new();
    private readonly ConcurrentBag<string> _errors = [];
    private int _runs;

    /// <summary>Bookings that were confirmed.</summary>
    public int Confirmed => _confirmed.Count;

    /// <summary>What failed, and may be tried again.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>Books until cancelled: each client one seat after the other, on a flight of its own for every thirty.</summary>
    public Task RunAsync(int clients, CancellationToken stop)
    {
        var run = Interlocked.Increment(ref _runs);
        return Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            for (var booking = 0; !stop.IsCancellationRequested; booking++)
            {
                var all = gateways();
                await BookAsync(all[random.Next(all.Count)], $"{name}R{run}C{client}F{booking / 30}", $"{(booking % 30) + 1}A", $"passenger {run}.{client}.{booking}");
            }
        })));
    }

    /// <summary>Books one seat; true if it was confirmed.</summary>
    public async Task<bool> BookAsync(Uri gateway, string flight, string seat, string passenger)
    {
        try
        {
            using var answer = await _http.PostAsJsonAsync(new Uri(gateway, $"flights/{flight}/seats/{seat}"), new { passenger });
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                _confirmed[(flight, seat)] = passenger;
                return true;
            }

            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            _errors.Add(await answer.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException e)
        {
            // The node that was asked has died, or does not listen yet.
            _errors.Add(e.Message);
        }

        _unknown[(flight, seat)] = passenger;
        return false;
    }

    /// <summary>True if a seat is a passenger's; waits for an answer.</summary>
    public async Task<bool> HasAsync(Uri gateway, string flight, string seat, string passenger)
    {
        JsonElement map = default;
        await Waiting.UntilAsync(async () =>
        {
            using var answer = await _http.GetAsync(new Uri(gateway, $"flights/{flight}/map"));
            map = answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonElement>() : default;
            return answer.IsSuccessStatusCode;
        }, $"the map of {flight}");
        return map.GetProperty("seats").EnumerateArray().Any(one => one.GetProperty("number").GetString() == seat && one.GetProperty("passenger").GetString() == passenger);
    }

    /// <summary>Fails unless every confirmed booking is there, and nothing that nobody has asked for.</summary>
    public async Task CheckAsync()
    {
        var all = gateways();
        foreach (var flight in _confirmed.Keys.Concat(_unknown.Keys).Select(static key => key.Flight).Distinct())
        {
            JsonElement map = default;
            await Waiting.UntilAsync(async () =>
            {
                using var answer = await _http.GetAsync(new Uri(all[0], $"flights/{flight}/map"));
                map = answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonElement>() : default;
                return answer.IsSuccessStatusCode;
            }, $"the map of {flight}");
            foreach (var seat in map.GetProperty("seats").EnumerateArray())
            {
                var key = (flight, seat.GetProperty("number").GetString()!);
                var passenger = seat.GetProperty("passenger").GetString();
                if (_confirmed.TryGetValue(key, out var confirmed))
                {
                    Assert.True(confirmed == passenger, $"{key} was confirmed for {confirmed}, and is {passenger ?? "free"}");
                }
                else
                {
                    Assert.True(passenger is null || passenger == _unknown.GetValueOrDefault(key), $"{key} is {passenger}'s, who has not asked for it");
                }
            }
        }
    }

    public void Dispose() => _http.Dispose();
}
