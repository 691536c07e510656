using Microsoft.AspNetCore.Http;
using Skerry.Objects;

namespace FlightSeating;

/// <summary>
/// A flight: one table in a database of its own. Everything runs in one thread beside that database, so that checking
/// a rule and then writing needs neither a lock nor a transaction.
/// </summary>
public sealed class Flight : DurableObject, IFlight
{
    private bool _hasSeats;

    public Flight()
    {
        Sql.Exec("CREATE TABLE IF NOT EXISTS seats (position INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, passenger TEXT UNIQUE)");
        _hasSeats = SeatCount() > 0;

        // Pages ask whether the connection still lives; the node answers for the flight, which sleeps on.
        Context.SetWebSocketAutoResponse("ping", "pong");
    }

    /// <inheritdoc/>
    public Task<int> Initialize(Cabin cabin)
    {
        if (!_hasSeats)
        {
            foreach (var number in cabin.SeatNumbers())
            {
                Sql.Exec("INSERT INTO seats (number) VALUES (?)", number);
            }

            _hasSeats = true;
        }

        return Task.FromResult(SeatCount());
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Seat>> GetAvailable()
    {
        await EnsureSeats();
        return Sql.Exec<Seat>("SELECT number, passenger FROM seats WHERE passenger IS NULL ORDER BY position").ToList();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Seat>> GetSeats()
    {
        await EnsureSeats();
        return Sql.Exec<Seat>("SELECT number, passenger FROM seats ORDER BY position").ToList();
    }

    /// <inheritdoc/>
    public async Task<AssignResult> AssignSeat(string number, string passenger)
    {
        await EnsureSeats();
        var seat = Sql.Exec<Seat>("SELECT number, passenger FROM seats WHERE number = ?", number).FirstOrDefault();
        if (seat is null)
        {
            return new(AssignOutcome.NoSuchSeat, null);
        }

        if (seat.Passenger is not null)
        {
            return new(AssignOutcome.SeatTaken, seat);
        }

        if (Sql.Exec<Seat>("SELECT number, passenger FROM seats WHERE passenger = ?", passenger).FirstOrDefault() is { } other)
        {
            return new(AssignOutcome.PassengerHasSeat, other);
        }

        Sql.Exec("UPDATE seats SET passenger = ? WHERE number = ?", passenger, number);
        seat = seat with { Passenger = passenger };
        foreach (var page in Context.GetWebSockets())
        {
            page.Send(LiveMessage.Booked(seat));
        }

        return new(AssignOutcome.Assigned, seat);
    }

    /// <inheritdoc/>
    public async Task Undo(DateTimeOffset backTo)
    {
        await Storage.OnNextSessionRestoreBookmark(await Storage.GetBookmarkForTime(backTo));

        // The restore happens when the object starts again; this ends it now instead of when it falls idle.
        Context.Abort("an earlier state is being restored");
    }

    /// <inheritdoc/>
    public async Task Announce()
    {
        var map = LiveMessage.Map(await GetSeats());
        foreach (var page in Context.GetWebSockets())
        {
            page.Send(map);
        }
    }

    /// <summary>Takes a page's WebSocket and shows it the whole map; bookings follow one by one.</summary>
    public override async Task Fetch(HttpContext context)
    {
        var page = await Context.AcceptWebSocket(context);
        page.Send(LiveMessage.Map(await GetSeats()));
    }

    private Task EnsureSeats() => _hasSeats ? Task.CompletedTask : Initialize(Cabin.Default);

    private int SeatCount() => (int)Sql.Exec<long>("SELECT COUNT(*) FROM seats").One();
}
