namespace FlightSeating;

/// <summary>The answer to <see cref="IFlight.AssignSeat"/>.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Seat">The seat that decided it: the one assigned, the one taken, or the one the passenger has already; null if there is no such seat.</param>
public sealed record AssignResult(AssignOutcome Outcome, Seat? Seat);
