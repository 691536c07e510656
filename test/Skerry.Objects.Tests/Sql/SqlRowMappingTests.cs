namespace Skerry.Objects.Tests.Sql;

public sealed class SqlRowMappingTests : IDisposable
{
    private readonly SqlHost _host = new();

    private SqlStorage Sql => _host.Sql;

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Records_structs_and_classes_take_columns_by_name()
    {
        const string query = "SELECT '12A' AS seat_id, NULL AS Passenger, 1 AS CLASS, 2.5 AS price";
        Assert.Equal(new Seat("12A", null, Cabin.Business, 2.5), Sql.Exec<Seat>(query).One());
        Assert.Equal(new SeatValue("12A", Cabin.Business), Sql.Exec<SeatValue>(query).One());
        var seat = Sql.Exec<SeatClass>(query).One();
        Assert.Equal(("12A", null, 2.5f), (seat.SeatId, seat.Passenger, seat.Price));
    }

    [Fact]
    public void Plain_values_are_read_from_the_only_column()
    {
        Assert.Equal(long.MinValue, Sql.Exec<long>("SELECT ?", long.MinValue).One());
        Assert.Equal(long.MaxValue, Sql.Exec<long>("SELECT ?", long.MaxValue).One());
        Assert.Equal((byte)255, Sql.Exec<byte>("SELECT 255").One());
        Assert.True(Sql.Exec<bool>("SELECT ?", true).One());
        Assert.Equal(Cabin.Business, Sql.Exec<Cabin>("SELECT ?", Cabin.Business).One());
        Assert.Equal("a\0\U0001F6EB", Sql.Exec<string>("SELECT ?", "a\0\U0001F6EB").One());
        Assert.Null(Sql.Exec<string>("SELECT NULL").One());
        Assert.Null(Sql.Exec<Cabin?>("SELECT NULL").One());
        Assert.Equal(0.0, Sql.Exec<double>("SELECT 0").One());
        Assert.Equal(3L, Sql.Exec<long>("SELECT 3.0").One());
        Assert.Empty(Sql.Exec<byte[]>("SELECT x''").One());
        Assert.Equal([1, 2], Sql.Exec<byte[]>("SELECT ?", new byte[] { 1, 2 }).One());
        var id = Guid.Parse("0123abcd-0000-0000-0000-00000000ffff");
        Assert.Equal(id, Sql.Exec<Guid>("SELECT ?", id).One());
        var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);
        Assert.Equal(time, Sql.Exec<DateTimeOffset>("SELECT ?", time).One());
        Assert.Equal(SqlType.Real, Sql.Exec<SqlValue>("SELECT 1.5").One().Type);
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        Refused<int>("SELECT 3000000000 AS n", "n holds 3000000000");
        Refused<byte>("SELECT -1 AS n", "does not fit Byte");
        Refused<long>("SELECT 3.7 AS n", "n is Real");
        Refused<long>("SELECT 9.3e18 AS n", "n is Real");
        Refused<long>("SELECT '12' AS n", "n is Text");
        Refused<long>("SELECT NULL AS n", "n is NULL");
        Refused<double>("SELECT '1.5x' AS n", "n is Text");
        Refused<Guid>("SELECT 'no' AS n", "GUID");
        Refused<Seat>("SELECT NULL AS seatid, 'x' AS passenger, 1 AS class, 1 AS price", "Seat.SeatId");
        Refused<Seat>("SELECT 1 AS other", "other");
        Refused<int>("SELECT 1, 2", "one column");
    }

    [Fact]
    public void A_select_by_primary_key_allocates_nothing()
    {
        Sql.Exec("CREATE TABLE seats(id INTEGER PRIMARY KEY, row INTEGER, price REAL); INSERT INTO seats VALUES (1, 12, 9.5)");
        _host.EndTurn();
        Run(200);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var sum = Run(1_000);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(12_000, sum);

        long Run(int times)
        {
            var total = 0L;
            for (var i = 0; i < times; i++)
            {
                total += Sql.Exec<Numbers>("SELECT id, row, price FROM seats WHERE id = ?", 1).One().Row;
            }

            return total;
        }
    }

    private void Refused<T>(string query, string says) =>
        Assert.Contains(says, Assert.Throws<InvalidOperationException>(() => Sql.Exec<T>(query).One()).Message, StringComparison.OrdinalIgnoreCase);

    private enum Cabin : short
    {
        Economy,
        Business,
    }

    private sealed record Seat(string SeatId, string? Passenger, Cabin Class, double Price);

    private readonly record struct SeatValue(string SeatId, Cabin Class);

    private readonly record struct Numbers(long Id, int Row, double? Price);

    private sealed class SeatClass
    {
        public string SeatId { get; set; } = "";

        public string? Passenger { get; init; }

        public float Price { get; set; }
    }
}
