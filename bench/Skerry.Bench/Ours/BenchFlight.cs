using Skerry.Objects;

namespace Skerry.Bench.Ours;

/// <summary>What the flight of the HTTP figures answers.</summary>
public interface IBenchFlight : IDurableObject
{
    /// <summary>Makes the seats s0, s1, ….</summary>
    Task Initialize(int count);

    /// <summary>The free seats.</summary>
    Task<List<string>> Available();

    /// <summary>Gives a free seat to a passenger, who gives up the one held before.</summary>
    Task<bool> Assign(string seat, string passenger);
}

/// <summary>The class of <c>Workerd/flight.js</c> in C#: the same tables, the same queries.</summary>
public sealed class BenchFlight : DurableObject, IBenchFlight
{
    public BenchFlight() => Sql.Exec("""
        CREATE TABLE IF NOT EXISTS seats (seat TEXT PRIMARY KEY, passenger TEXT);
        CREATE INDEX IF NOT EXISTS seats_by_passenger ON seats (passenger);
        """);

    /// <inheritdoc/>
    public Task Initialize(int count)
    {
        Storage.TransactionSync(() =>
        {
            for (var i = 0; i < count; i++)
            {
                Sql.Exec("INSERT OR IGNORE INTO seats (seat, passenger) VALUES (?, NULL)", $"s{i}");
            }
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<List<string>> Available() =>
        Task.FromResult(Sql.Exec<string>("SELECT seat FROM seats WHERE passenger IS NULL").ToList());

    /// <inheritdoc/>
    public Task<bool> Assign(string seat, string passenger)
    {
        var found = Sql.Exec<Seat>("SELECT passenger FROM seats WHERE seat = ?", seat).FirstOrDefault();
        if (found is null or { Passenger: not null })
        {
            return Task.FromResult(false);
        }

        Sql.Exec("UPDATE seats SET passenger = NULL WHERE passenger = ?", passenger);
        Sql.Exec("UPDATE seats SET passenger = ? WHERE seat = ?", passenger, seat);
        return Task.FromResult(true);
    }

    private sealed record Seat(string? Passenger);
}
