namespace FlightSeating;

/// <summary>The seats of an aircraft: rows from 1, letters from A, aisle after the third.</summary>
/// <param name="Rows">1 to 99.</param>
/// <param name="Letters">1 to 10 different letters, in the order of the seats in a row.</param>
public sealed record Cabin(int Rows, string Letters)
{
    /// <summary>What flights get that nobody has initialised: 30 rows of A to F, 180 seats.</summary>
    public static Cabin Default { get; } = new(30, "ABCDEF");

    /// <summary>The numbers of all seats, row by row.</summary>
    public IEnumerable<string> SeatNumbers() =>
        from row in Enumerable.Range(1, Rows) from letter in Letters select $"{row}{letter}";
}
