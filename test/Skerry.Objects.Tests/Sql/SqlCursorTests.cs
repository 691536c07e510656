using Skerry.Storage;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects.Tests.Sql;

public sealed class SqlCursorTests : IDisposable
{
    private readonly SqlHost _host = new();

    public SqlCursorTests()
    {
        Sql.Exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
        Sql.Exec("INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')");
        _host.EndTurn();
    }

    private SqlStorage Sql => _host.Sql;

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Rows_come_one_by_one_as_lists_and_as_arrays()
    {
        List<string> seen = [];
        foreach (var row in Sql.Exec("SELECT id, name FROM t ORDER BY id"))
        {
            seen.Add($"{row["ID"]}{row.GetString(1)}{row.Count}");
        }

        Assert.Equal(["1one2", "2two2", "3three2"], seen);
        Assert.Equal([1, 2, 3], Sql.Exec<int>("SELECT id FROM t ORDER BY id").ToList());
        Assert.Equal("two", Sql.Exec("SELECT name FROM t WHERE id = ?", 2).One()[0].AsString());
        Assert.Equal(["id", "name"], Sql.Exec<object[]>("SELECT * FROM t WHERE 0").ColumnNames);
        Assert.Equal(0, _host.Database.OpenCursors);
    }

    [Fact]
    public void One_wants_exactly_one()
    {
        Assert.Equal("no row", Assert.Throws<InvalidOperationException>(() => Sql.Exec<int>("SELECT id FROM t WHERE 0").One()).Message[19..25]);
        Assert.Contains("more than one", Assert.Throws<InvalidOperationException>(() => Sql.Exec<int>("SELECT id FROM t").One()).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Sql.Exec("SELECT id FROM t").One());
        Assert.Throws<InvalidOperationException>(() => Sql.Exec("SELECT id FROM t WHERE 0").One());
        Assert.Throws<InvalidOperationException>(() => Sql.Exec<int>("SELECT id FROM t").OneOrDefault());
        Assert.Null(Sql.Exec<int?>("SELECT id FROM t WHERE 0").OneOrDefault());
        Assert.Equal(1, Sql.Exec<int>("SELECT id FROM t ORDER BY id").FirstOrDefault());
        Assert.Equal(0, _host.Database.OpenCursors);
    }

    [Fact]
    public void Raw_shares_the_position_and_copies_do()
    {
        var cursor = Sql.Exec<int>("SELECT id FROM t ORDER BY id");
        var rows = cursor.GetEnumerator();
        Assert.True(rows.MoveNext());
        var raw = cursor.Raw().GetEnumerator();
        Assert.True(raw.MoveNext());
        Assert.Equal(2, raw.Current[0].AsInt64());
        var copy = cursor;
        Assert.Equal([3], copy.ToList());
        Assert.Throws<InvalidOperationException>(() => rows.MoveNext());
    }

    [Fact]
    public void Counts_grow_with_the_rows()
    {
        var cursor = Sql.Exec<int>("SELECT id FROM t");
        var rows = cursor.GetEnumerator();
        rows.MoveNext();
        var first = cursor.RowsRead;
        rows.MoveNext();
        Assert.InRange(first, 1, 2);
        Assert.True(cursor.RowsRead > first);
        rows.MoveNext();
        rows.MoveNext();
        Assert.Equal(3, cursor.RowsRead);
        Assert.Equal(0, cursor.RowsWritten);
        Assert.Equal(2, Sql.Exec("UPDATE t SET name = 'x' WHERE id > 1").RowsWritten);
        var returning = Sql.Exec("DELETE FROM t RETURNING id");
        Sql.Exec("INSERT INTO t VALUES (9, '')");
        Assert.Equal(1, returning.RowsWritten);
        Assert.Equal(3, returning.ToList().Count);
        Assert.Equal(3, returning.RowsWritten);
    }

    [Fact]
    public void Break_ends_the_cursor()
    {
        var cursor = Sql.Exec("SELECT id FROM t");
        foreach (var row in cursor)
        {
            Assert.Equal(1, row.GetInt64(0));
            break;
        }

        Assert.Equal(0, _host.Database.OpenCursors);
        Assert.Throws<InvalidOperationException>(() => cursor.ToList());
    }

    [Fact]
    public void A_row_kept_beyond_its_cursor_says_so_even_if_the_statement_runs_again()
    {
        SqlRow kept = default;
        foreach (var row in Sql.Exec("SELECT id FROM t WHERE id = ?", 1))
        {
            kept = row;
        }

        var again = Sql.Exec("SELECT id FROM t WHERE id = ?", 2);
        Assert.Throws<InvalidOperationException>(() => kept.GetInt64(0));
        Assert.Equal(2, again.One()[0].AsInt64());
    }

    [Fact]
    public void The_oldest_of_more_than_a_hundred_is_closed()
    {
        var cursors = Enumerable.Range(0, 100).Select(_ => Sql.Exec<int>("SELECT id FROM t ORDER BY id")).ToList();
        Assert.Equal(100, _host.Database.OpenCursors);
        var newest = Sql.Exec<int>("SELECT id FROM t ORDER BY id");
        Assert.Equal(100, _host.Database.OpenCursors);
        Assert.Throws<InvalidOperationException>(() => cursors[0].ToList());
        Assert.Equal([1, 2, 3], cursors[1].ToList());
        Assert.Equal([1, 2, 3], newest.ToList());
    }

    [Fact]
    public void A_reading_cursor_outlives_the_turn_and_a_writing_one_does_not_hold_the_commit_up()
    {
        var reading = Sql.Exec<int>("SELECT id FROM t ORDER BY id");
        var writing = Sql.Exec<int>("UPDATE t SET name = 'new' RETURNING id");
        _host.EndTurn();
        Assert.False(_host.Database.HasOpenTransaction);
        Assert.Equal([1, 2, 3], reading.ToList());
        Assert.Throws<InvalidOperationException>(() => writing.ToList());
        Assert.Equal(3, writing.RowsWritten);
        Assert.Equal(3, Sql.Exec<int>("SELECT count(*) FROM t WHERE name = 'new'").One());
    }

    [Fact]
    public void A_write_takes_place_even_if_its_cursor_is_never_read()
    {
        Sql.Exec("INSERT INTO t VALUES (4, 'four') RETURNING id");
        Assert.Equal(4, Sql.Exec<int>("SELECT count(*) FROM t").One());
        Assert.True(_host.Database.HasOpenTransaction);
    }

    [Fact]
    public void Names_follow_the_schema()
    {
        Assert.Equal(["id", "name"], Sql.Exec("SELECT * FROM t").ColumnNames);
        Sql.Exec("ALTER TABLE t RENAME COLUMN name TO label");
        Assert.Equal("one", Sql.Exec<Labelled>("SELECT * FROM t WHERE id = 1").One().Label);
        Assert.Equal(["id", "label"], Sql.Exec("SELECT * FROM t").ColumnNames);
    }

    [Theory]
    [InlineData("SELECT ?", 0, "1 parameter, but 0 values were")]
    [InlineData("SELECT ?, ?", 1, "2 parameters, but 1 value was")]
    [InlineData("SELECT 1", 2, "0 parameters, but 2 values were")]
    public void Values_must_be_as_many_as_parameters(string sql, int values, string says)
    {
        var error = Assert.Throws<ArgumentException>(() => Sql.Exec(sql, [.. Enumerable.Repeat<SqlValue>(1, values)]));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _host.Database.OpenCursors);
    }

    [Fact]
    public void An_error_that_rolled_everything_back_is_told_to_the_object()
    {
        Sql.Exec("INSERT INTO t VALUES (5, 'five')");
        Assert.Throws<SqliteException>(() => Sql.Exec("INSERT INTO t VALUES (5, 'five')"));
        Assert.Null(_host.Failure);

        // More than the page cache holds, so that reading has to go to the file.
        Sql.Exec("CREATE TABLE big(a)");
        for (var i = 0; i < 4; i++)
        {
            Sql.Exec("INSERT INTO big VALUES (zeroblob(1000000))");
        }

        _host.EndTurn();
        Sql.Exec("UPDATE t SET name = 'lost'");
        _host.File.ReadError = new StorageException("gone");

        var error = Assert.Throws<SqliteException>(() => Sql.Exec("SELECT sum(length(hex(a))) FROM big").One());

        Assert.Same(_host.File.ReadError, error.InnerException);
        Assert.Same(error, _host.Failure);
        Assert.False(_host.Database.HasOpenTransaction);
    }

    private sealed record Labelled(long Id, string Label);
}
