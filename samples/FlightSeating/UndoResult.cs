namespace FlightSeating;

/// <summary>The answer to <see cref="IFlight.Undo"/>.</summary>
/// <param name="BackTo">The time whose state the flight has again.</param>
/// <param name="UndoBookmark">The state that was left; restoring it undoes the undo.</param>
public sealed record UndoResult(DateTimeOffset BackTo, string UndoBookmark);
