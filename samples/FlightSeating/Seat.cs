namespace FlightSeating;

/// <summary>A seat of a flight.</summary>
/// <param name="Number">The row and the letter, as on the boarding pass: <c>3C</c>.</param>
/// <param name="Passenger">Who sits there; null while the seat is free.</param>
public sealed record Seat(string Number, string? Passenger);
