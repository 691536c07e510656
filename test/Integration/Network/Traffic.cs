using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Integration.Fleet;

namespace Integration.Network;

/// <summary>
/// Clients that race for the seats of some flights through all nodes, and read them all the time. A seat is written once
/// and never given back, so it is a register whose history is easy to judge:
/// <list type="bullet">
/// <item>Whoever was told that the seat is his has it for good. That two were told so would be two owners.</item>
/// <item>Whatever an answer has shown, every answer shows that was asked for later: nothing is lost, and nothing is stale.</item>
/// <item>Nobody has a seat who has not asked for it.</item>
/// </list>
/// Of a request without an answer, or with a 503, nothing is known.
/// </summary>
internal sealed class Traffic : IDisposable
{
    // What hangs on a machine that is cut off is given up, so that its client goes on elsewhere.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly HttpClient _http;
    private readonly Func<IReadOnlyList<Uri>> _gateways;
    private readonly string _name;
    private readonly int _flights;
    private readonly ConcurrentDictionary<(string Flight, string Seat), string> _facts = new();
    private readonly ConcurrentDictionary<(string Flight, string Seat, string Passenger), bool> _asked = new();
    private readonly ConcurrentDictionary<string, string> _wrong = new();
    private int _confirmed;
    private int _reads;
    private int _passengers;
    private CancellationTokenSource _stop = new();
    private Task _clients = Task.CompletedTask;

    public Traffic(string name, int flights, Func<IReadOnlyList<Uri>> gateways)
    {
        (_name, _flights, _gateways) = (name, flights, gateways);
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1) }) { Timeout = s_patience };
    }

    /// <summary>Bookings that were confirmed.</summary>
    public int Confirmed => Volatile.Read(ref _confirmed);

    /// <summary>Questions that were answered.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Flights with bookings that were confirmed.</summary>
    public IReadOnlyCollection<string> ConfirmedFlights => [.. _facts.Keys.Select(static fact => fact.Flight).Distinct()];

    /// <summary>Begins.</summary>
    public void Start(int clients)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => RunAsync(new Random(client)))));
    }

    /// <summary>Waits until so many more were confirmed.</summary>
    public async Task MoreAsync(int count, string when)
    {
        var wanted = Confirmed + count;
        await Waiting.UntilAsync(() => Task.FromResult(Confirmed >= wanted || !_wrong.IsEmpty || _clients.IsFaulted), $"{count} more bookings {when}");
        AssertNothingWrong();
    }

    /// <summary>Ends.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _clients;
        AssertNothingWrong();
    }

    /// <summary>Books one seat through one gateway; true if it was confirmed.</summary>
    public async Task<bool> BookAsync(Uri gateway, string flight, string seat)
    {
        var passenger = $"P{Interlocked.Increment(ref _passengers)}";
        _asked[(flight, seat, passenger)] = true;
        using var answer = await SendAsync(() => _http.PostAsJsonAsync(new Uri(gateway, $"flights/{flight}/seats/{seat}"), new { passenger }));
        if (answer is null)
        {
            return false;
        }

        if (answer.StatusCode == HttpStatusCode.OK)
        {
            Shown(flight, seat, passenger, gateway, "confirmed");
            Interlocked.Increment(ref _confirmed);
            return true;
        }

        var text = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode == HttpStatusCode.Conflict)
        {
            // "Seat 3C is taken by X."
            var other = JsonElement.Parse(text).GetProperty("errors")[0].GetProperty("message").GetString()!.Split(' ')[^1].TrimEnd('.');
            Shown(flight, seat, other, gateway, "refused for");
        }
        else if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
        {
            _wrong[$"{gateway} answered {(int)answer.StatusCode}"] = $"{gateway}: {(int)answer.StatusCode} {text}";
        }

        return false;
    }

    /// <summary>Reads a flight through one gateway; true if it answered.</summary>
    public async Task<bool> ReadAsync(Uri gateway, string flight)
    {
        var known = _facts.Where(fact => fact.Key.Flight == flight).ToList();
        using var answer = await SendAsync(() => _http.GetAsync(new Uri(gateway, $"flights/{flight}/map")));
        if (answer is not { StatusCode: HttpStatusCode.OK })
        {
            return false;
        }

        Judge(known, flight, await answer.Content.ReadFromJsonAsync<JsonElement>(), gateway);
        Interlocked.Increment(ref _reads);
        return true;
    }

    /// <summary>What is known of a flight now, to be judged against an answer that was asked for after it.</summary>
    public Action<string> Judgement(string flight, Uri gateway)
    {
        var known = _facts.Where(fact => fact.Key.Flight == flight).ToList();
        return map => Judge(known, flight, JsonElement.Parse(map), gateway);
    }

    /// <summary>Fails unless every gateway shows everything that was ever shown.</summary>
    /// <param name="writable">False to leave out flights that nobody has booked yet: looking at one makes its seats, which is a write.</param>
    public async Task CheckAsync(bool writable = true)
    {
        foreach (var flight in writable ? _asked.Keys.Select(static key => key.Flight).Distinct() : ConfirmedFlights)
        {
            foreach (var gateway in _gateways().Distinct())
            {
                await Waiting.UntilAsync(() => ReadAsync(gateway, flight), $"the map of {flight} from {gateway}");
            }
        }

        AssertNothingWrong();
    }

    /// <summary>One of the flights.</summary>
    public string Flight(int number) => $"{_name}-{number}";

    private void AssertNothingWrong() => Assert.True(_wrong.IsEmpty, string.Join('\n', _wrong.Values));

    private async Task RunAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            var gateways = _gateways();
            var gateway = gateways[random.Next(gateways.Count)];

            // Flights fill up, so some of them are always new.
            var flight = Flight(random.Next(_flights) + (Confirmed / 100));
            if (random.Next(4) == 0)
            {
                await ReadAsync(gateway, flight);
            }
            else
            {
                await BookAsync(gateway, flight, $"{random.Next(30) + 1}{"ABCDEF"[random.Next(6)]}");
            }
        }
    }

    private async Task<HttpResponseMessage?> SendAsync(Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            return await send();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private void Judge(List<KeyValuePair<(string Flight, string Seat), string>> known, string flight, JsonElement map, Uri gateway)
    {
        var seats = map.GetProperty("seats").EnumerateArray().ToDictionary(static s => s.GetProperty("number").GetString()!, static s => s.GetProperty("passenger").GetString());
        foreach (var ((_, seat), passenger) in known)
        {
            if (seats[seat] != passenger)
            {
                _wrong[$"{flight} {seat}"] = $"{gateway} shows {seat} of {flight} as {seats[seat] ?? "free"}; it is {passenger}'s";
            }
        }

        foreach (var (seat, passenger) in seats)
        {
            if (passenger is not null)
            {
                Shown(flight, seat, passenger, gateway, "showed");
            }
        }
    }

    private void Shown(string flight, string seat, string passenger, Uri gateway, string how)
    {
        if (!_asked.ContainsKey((flight, seat, passenger)))
        {
            _wrong[$"{flight} {seat}"] = $"{gateway} {how} {passenger}, who has not asked for {seat} of {flight}";
        }
        else if (_facts.GetOrAdd((flight, seat), passenger) is var fact && fact != passenger)
        {
            _wrong[$"{flight} {seat}"] = $"{gateway} {how} {passenger} for {seat} of {flight}, which is {fact}'s";
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _stop.Dispose();
    }
}
