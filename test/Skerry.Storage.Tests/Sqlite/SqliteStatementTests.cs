using CsCheck;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

public sealed class SqliteStatementTests : SqliteFixture
{
    [Fact]
    public void The_same_text_gets_the_same_statement_by_identity_and_by_content()
    {
        const string text = "SELECT 1";
        var first = Lend(text);
        Database.Release(first);
        Assert.Same(first, Lend(text));
        Database.Release(first);
        Assert.Same(first, Lend(new string(text.AsSpan())));
    }

    [Fact]
    public void A_statement_in_use_is_not_handed_out_again()
    {
        const string text = "SELECT value FROM json_each('[1,2]')";
        var first = Lend(text);
        Assert.True(first.StepFirst());
        var second = Lend(text);
        Assert.NotSame(first, second);
        Assert.True(second.StepFirst());
        Assert.True(second.Step());
        Assert.Equal("1", first.GetString(0));
        Assert.Equal(2, Database.OpenCursors);
        Database.Release(second);
        Database.Release(first);
        Database.Release(first);
        Assert.Equal(0, Database.OpenCursors);
    }

    [Fact]
    public void The_cache_drops_the_least_recently_used_by_bytes_of_text()
    {
        Reopen(new SqliteLimits { StatementCacheBytes = 30 });
        var one = Lend("SELECT 1 -- 45");
        Database.Release(one);
        var two = Lend("SELECT 2 -- 45");
        Database.Release(two);
        Database.Release(Lend("SELECT 1 -- 45"));
        Database.Release(Lend("SELECT 3 -- 45"));

        Assert.Same(one, Lend("SELECT 1 -- 45"));
        Assert.NotSame(two, Lend("SELECT 2 -- 45"));
    }

    [Fact]
    public void Of_several_statements_all_run_and_the_last_takes_parameters_and_gives_rows()
    {
        Assert.Equal(["5"], Sql.Rows("CREATE TABLE t(a);; INSERT INTO t VALUES (2); /* ; */ INSERT INTO t VALUES (3); SELECT sum(a) FROM t WHERE a < ? ; -- end", 9));
        var error = Assert.Throws<SqliteException>(() => Sql.Rows("DELETE FROM t WHERE a = ?; SELECT 1", 1));
        Assert.Contains("only the last", error.Message, StringComparison.Ordinal);
        Assert.Throws<SqliteException>(() => Sql.Rows("INSERT INTO t VALUES (7); SELECT nonsense"));
        Assert.Equal("12", Sql.Value("SELECT sum(a) FROM t"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ; -- nothing")]
    [InlineData("SELECT 1 \0 FROM nowhere")]
    [InlineData("\0")]
    public void Text_without_a_statement_or_with_a_nul_is_refused(string sql) => Assert.Throws<SqliteException>(() => Sql.Rows(sql));

    [Fact]
    public void Errors_tell_where_and_what()
    {
        var error = Assert.Throws<SqliteException>(() => Sql.Rows("SELECT 1; SELECT nope FROM sqlite_schema"));
        Assert.Equal(1, error.Code);
        Assert.Equal("SELECT 1; SELECT ".Length, error.Offset);
        Assert.Contains("no such column: nope", error.Message, StringComparison.Ordinal);
        Assert.Equal(-1, Assert.Throws<SqliteException>(() => Sql.Rows("SELECT abs(-9223372036854775808)")).Offset);
        Sql.Rows("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)");
        var unique = Assert.Throws<SqliteException>(() => Sql.Rows("INSERT INTO t VALUES (1)"));
        Assert.Equal(2067, unique.ExtendedCode);
        Assert.Contains("t.a", unique.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_come_back_as_they_were_bound()
    {
        Sql.Rows("CREATE TABLE t(a)");
        Gen.Long.Sample(value => Sql.Value("SELECT ?", value) == value.ToString(System.Globalization.CultureInfo.InvariantCulture), threads: 1);
        Gen.Double.Sample(value =>
        {
            var statement = Database.Prepare("SELECT ?", Sql);
            statement.Bind(1, value);
            statement.StepFirst();
            var (back, type) = (statement.GetDouble(0), statement.TypeOf(0));
            Database.Release(statement);
            return double.IsNaN(value) ? type == 5 : back.Equals(value) || (back == 0 && value == 0);
        }, threads: 1);
        Gen.Select(Gen.Char['\u0001', '\ud7ff'].Array[0, 700], Gen.Int[0, 3]).Sample((chars, extra) =>
        {
            var text = new string(chars) + string.Concat(Enumerable.Repeat("\U0001F6EB\0z", extra));
            return Sql.Value("SELECT ?", text) == text;
        }, threads: 1);
        Gen.Byte.Array[0, 3000].Sample(bytes =>
        {
            var statement = Database.Prepare("SELECT ?", Sql);
            statement.Bind(1, bytes.AsSpan());
            statement.StepFirst();
            var same = statement.TypeOf(0) == 4 && statement.GetBlob(0).SequenceEqual(bytes);
            Database.Release(statement);
            return same;
        }, threads: 1);
    }

    [Fact]
    public void An_empty_blob_and_an_empty_text_are_not_null()
    {
        Assert.Equal("blob|0", Sql.Value("SELECT typeof(?1), length(?1)", Array.Empty<byte>()));
        Assert.Equal("text|0", Sql.Value("SELECT typeof(?1), length(?1)", ""));
        Assert.Equal("null|1", Sql.Value("SELECT typeof(?1), ?1 IS NULL", [null]));
    }

    [Fact]
    public void Columns_are_read_anew_after_the_schema_changed()
    {
        Sql.Rows("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 2)");
        var statement = Lend("SELECT * FROM t");
        Assert.Equal(["a", "b"], statement.ColumnNames);
        Database.Release(statement);
        Sql.Rows("ALTER TABLE t RENAME COLUMN b TO c");
        Assert.Equal(["a", "c"], Columns());
        Database.Commit();
        Sql.Rows("ALTER TABLE t ADD COLUMN d");
        Assert.Equal(["a", "c", "d"], Columns());
        Database.Rollback();
        Assert.Equal(["a", "c"], Columns());

        IReadOnlyList<string> Columns()
        {
            var again = Lend("SELECT * FROM t");
            Assert.Same(statement, again);
            again.StepFirst();
            var names = again.ColumnNames;
            Database.Release(again);
            return names;
        }
    }

    [Theory]
    [InlineData("columns", "too many columns")]
    [InlineData("parameters", "too many SQL variables")]
    [InlineData("text", "at most 200")]
    [InlineData("like", "pattern too complex")]
    [InlineData("depth", "too large")]
    [InlineData("compound", "too many terms")]
    [InlineData("value", "too big")]
    public void Limits_are_as_they_are_set(string limit, string says)
    {
        Reopen(new SqliteLimits
        {
            Columns = 5, BoundParameters = 5, SqlBytes = 200, LikePatternBytes = 5, ExpressionDepth = 9, CompoundSelect = 3, ValueBytes = 1000,
        });
        Func<int, string> sql = limit switch
        {
            "columns" => static n => $"SELECT {List("1", n)}",
            "parameters" => static n => $"SELECT 1 IN ({List("?", n)})",
            "text" => static n => new string(' ', (n * 10) + 142) + "SELECT 1",
            "like" => static n => $"SELECT 'x' LIKE '{new string('x', n)}'",
            "depth" => static n => $"SELECT {string.Concat(Enumerable.Repeat("-(", n))}1{new string(')', n)}",
            "compound" => static n => $"SELECT 1{string.Concat(Enumerable.Repeat(" UNION SELECT 2", n - 3))}",
            _ => static n => $"SELECT length(zeroblob({n * 200}))",
        };
        Sql.Rows(sql(5), limit == "parameters" ? [1, 2, 3, 4, 5] : []);

        var error = Assert.Throws<SqliteException>(() => Sql.Rows(sql(limit == "depth" ? 10 : 6)));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_are_the_fields_by_default()
    {
        Assert.Single(Sql.Rows($"SELECT {List("?", 100)}", [.. Enumerable.Repeat<object>(1, 100)]));
        Assert.Throws<SqliteException>(() => Sql.Rows($"SELECT 1 IN ({List("?", 101)})"));
        Assert.Throws<SqliteException>(() => Sql.Rows($"CREATE TABLE t({List("c", 101)})"));
        Assert.Throws<SqliteException>(() => Sql.Rows($"SELECT 1 /*{new string('x', 100_000)}*/"));
        Assert.Equal("2097152", Sql.Value("SELECT length(zeroblob(2097152))"));
        Assert.Throws<SqliteException>(() => Sql.Rows("SELECT length(zeroblob(2097153))"));
    }

    private SqliteStatement Lend(string sql) => Database.Prepare(sql, Sql);

    private static string List(string item, int count) => string.Join(',', Enumerable.Repeat(item, count));
}
