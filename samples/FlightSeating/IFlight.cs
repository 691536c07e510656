using Skerry.Objects;

namespace FlightSeating;

/// <summary>One flight's seats. Each flight is an object of its own, found by its name.</summary>
public interface IFlight : IDurableObject
{
    /// <summary>Creates the seats, unless the flight has some. A flight that is used without it gets <see cref="Cabin.Default"/>.</summary>
    /// <returns>How many seats the flight has.</returns>
    Task<int> Initialize(Cabin cabin);

    /// <summary>The free seats, front to back.</summary>
    Task<IReadOnlyList<Seat>> GetAvailable();

    /// <summary>All seats, front to back.</summary>
    Task<IReadOnlyList<Seat>> GetSeats();

    /// <summary>Gives <paramref name="passenger"/> the seat <paramref name="number"/>, if that breaks no rule.</summary>
    Task<AssignResult> AssignSeat(string number, string passenger);

    /// <summary>
    /// Takes the flight back to what it was at <paramref name="backTo"/>, or to its beginning if that is later. The
    /// restore ends the object's session, so this call itself always fails, with the code <c>aborted</c>; the next
    /// call meets the earlier state.
    /// </summary>
    Task Undo(DateTimeOffset backTo);

    /// <summary>Sends the whole seat map to every open page.</summary>
    Task Announce();
}
