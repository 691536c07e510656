namespace FlightSeating;

/// <summary>What came of an attempt to give a passenger a seat.</summary>
public enum AssignOutcome
{
    /// <summary>The passenger has the seat now.</summary>
    Assigned,

    /// <summary>The flight has no such seat.</summary>
    NoSuchSeat,

    /// <summary>The seat is somebody's: no double booking.</summary>
    SeatTaken,

    /// <summary>The passenger has another seat already: one seat a passenger.</summary>
    PassengerHasSeat,
}
