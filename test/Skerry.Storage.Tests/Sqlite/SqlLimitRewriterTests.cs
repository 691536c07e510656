using System.Text;
using CsCheck;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

public sealed class SqlLimitRewriterTests : SqliteFixture
{
    private static readonly string[] s_tables =
    [
        "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, a INTEGER, b INTEGER)",
        "CREATE TABLE T(k INTEGER, a INTEGER, b INTEGER)",
        "CREATE TABLE t(k INTEGER PRIMARY KEY, a INTEGER, b INTEGER) WITHOUT ROWID",
        "CREATE TABLE \"t\"(k INTEGER, a INTEGER, b INTEGER, PRIMARY KEY (a, b DESC, k)) WITHOUT ROWID",
        "CREATE TABLE t(rowid INTEGER DEFAULT 1, k INTEGER, a INTEGER, b INTEGER)",
        "CREATE TABLE t(rowid DEFAULT 1, _ROWID_ DEFAULT 2, k INTEGER, a INTEGER, b INTEGER)",
    ];

    // What stands for the table, and for a condition with one parameter: every way to say a < ?.
    private static readonly string[] s_shapes =
    [
        "DELETE FROM t {where} {tail}",
        "delete from main.t {where} {tail}",
        "DELETE FROM t AS x {where} {tail}",
        "WITH t(k, a, b) AS (SELECT 1, 2, 3) DELETE FROM T {where} {tail}",
        "WITH c AS (SELECT 'limit 1 order by' LIMIT 1) DELETE FROM \"t\" {where} /* limit 0 */ {tail} -- limit 0",
        "DELETE FROM [t] {where} RETURNING k {tail}",
        "DELETE FROM t {where} AND 'it''s LIMIT 0' <> (SELECT \"limit\" FROM (SELECT 1 AS \"limit\" ORDER BY 1 LIMIT 1)) {tail}",
    ];

    [Fact]
    public void Deletes_take_the_rows_that_a_sorted_list_gives()
    {
        var rows = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5]).Array[0, 30];
        Gen.Select(OneOf(s_tables), OneOf(s_shapes), rows, Gen.Int[0, 6], Gen.Int[-1, 9], Gen.Int[0, 4]).Sample((table, shape, cells, below, limit, offset) =>
        {
            Fill(table, cells);
            var sql = shape.Replace("{where}", "WHERE a < ?", StringComparison.Ordinal)
                .Replace("{tail}", "ORDER BY b DESC, k LIMIT ? OFFSET ?", StringComparison.Ordinal);
            var expected = Chosen(cells, below, limit, offset);

            var returned = Sql.Rows(sql, below, limit, offset);

            if (shape.Contains("RETURNING", StringComparison.Ordinal))
            {
                Assert.Equal(expected.Order(), returned.Select(int.Parse).Order());
            }

            Assert.Equal(Enumerable.Range(0, cells.Length).Except(expected), Sql.Rows("SELECT k FROM t ORDER BY k").Select(int.Parse));
            Database.Rollback();
        }, iter: 1_000, threads: 1);
    }

    [Fact]
    public void Updates_change_the_rows_that_a_sorted_list_gives()
    {
        string[] shapes =
        [
            "UPDATE t SET b = b + ? WHERE a < ? {returning} ORDER BY b DESC, k LIMIT ? OFFSET ?",
            "UPDATE t SET b = b + ?1 WHERE a < ?2 {returning} ORDER BY b DESC, k LIMIT ?3 OFFSET ?4",
            "UPDATE OR FAIL main.t AS u SET b = u.b + :plus WHERE u.a < :below {returning} ORDER BY u.b DESC, u.k LIMIT :limit OFFSET :offset",
            "UPDATE t SET (b) = (SELECT t.b + ? LIMIT 1) WHERE a < ? {returning} ORDER BY b DESC, k LIMIT ? OFFSET ?",
        ];
        var rows = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5]).Array[0, 30];
        Gen.Select(OneOf(s_tables), OneOf(shapes), rows, Gen.Int[0, 6], Gen.Int[-1, 9], Gen.Int[0, 4], Gen.Bool).Sample((table, shape, cells, below, limit, offset, returning) =>
        {
            Fill(table, cells);
            var expected = Chosen(cells, below, limit, offset);

            var returned = Sql.Rows(shape.Replace("{returning}", returning ? "RETURNING k" : "", StringComparison.Ordinal), 100, below, limit, offset);

            Assert.Equal(returning ? expected.Order() : [], returned.Select(int.Parse).Order());
            Assert.Equal(expected.Order(), Sql.Rows("SELECT k FROM t WHERE b >= 100 ORDER BY k").Select(int.Parse));
            Database.Rollback();
        }, iter: 1_000, threads: 1);
    }

    [Fact]
    public void A_returning_parameter_keeps_its_number()
    {
        Fill(s_tables[0], [(1, 1), (1, 2)]);
        Assert.Equal("second|0", Sql.Value("DELETE FROM t WHERE a = ? RETURNING ?, k ORDER BY b LIMIT ?", 1, "second", 1));
    }

    [Fact]
    public void A_key_is_compared_as_its_index_does()
    {
        Sql.Rows("CREATE TABLE n(a TEXT COLLATE NOCASE, PRIMARY KEY (a COLLATE BINARY)) WITHOUT ROWID; INSERT INTO n VALUES ('x'), ('X')");
        Sql.Rows("DELETE FROM n ORDER BY a COLLATE BINARY LIMIT 1");
        Assert.Equal(["x"], Sql.Rows("SELECT a FROM n"));
    }

    [Fact]
    public void Limits_in_subqueries_and_names_are_left_alone()
    {
        Fill(s_tables[0], [(1, 1), (2, 2), (3, 3)]);
        Sql.Rows("DELETE FROM t WHERE k IN (SELECT k FROM t ORDER BY k LIMIT 2)");
        Assert.Equal("2", Sql.Value("SELECT k FROM t"));
        Sql.Rows("CREATE TABLE \"limit\"(\"order by\"); INSERT INTO \"limit\" VALUES (1), (2); DELETE FROM \"limit\" WHERE \"order by\" > 0 LIMIT 1");
        Assert.Equal("2", Sql.Value("SELECT * FROM \"limit\""));
    }

    [Fact]
    public void Several_statements_may_have_limits()
    {
        Fill(s_tables[0], [(1, 1), (2, 2), (3, 3), (4, 4)]);
        Assert.Equal(["3"], Sql.Rows("DELETE FROM t LIMIT 1; UPDATE t SET a = 9 ORDER BY k DESC LIMIT 1; DELETE FROM t WHERE a < 9 LIMIT 1 OFFSET 0; DELETE FROM t WHERE a = ? RETURNING k LIMIT 1; -- done", 9));
        Assert.Equal(["2"], Sql.Rows("SELECT k FROM t"));
    }

    [Theory]
    [InlineData("DELETE FROM t WHERE nope = 1 LIMIT 1", "no such column: nope")]
    [InlineData("DELETE FROM nowhere LIMIT 1", "no such table")]
    [InlineData("UPDATE t SET a = 1 LIMIT", "LIMIT")]
    [InlineData("UPDATE t SET a = u.a FROM t AS u WHERE u.k = t.k LIMIT 1", "LIMIT")]
    [InlineData("DELETE FROM t LIMIT 1 LIMIT 2", "LIMIT")]
    [InlineData("INSERT INTO t(a) VALUES (1) LIMIT 1", "LIMIT")]
    public void Errors_speak_of_what_was_written(string sql, string says)
    {
        Fill(s_tables[0], []);
        Assert.Contains(says, Assert.Throws<SqliteException>(() => Sql.Rows(sql)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_crashes_or_hangs_the_tokenizer_and_the_rewriter()
    {
        Fill(s_tables[3], []);
        string[] pieces =
        [
            "DELETE", "UPDATE", "FROM", "t", "SET", "a", "=", "WHERE", "ORDER", "BY", "LIMIT", "1", "?", "?7", ":n", "$a::b(c", "@", "(", ")", ";", "'", "\"", "`", "[", "]",
            "--", "/*", "*/", "\n", " ", "RETURNING", "WITH", "AS", "OR", ",", ".", "main", "x'", "\u00e9", "\ufeff", "\0", "ALTER", "TABLE", "RENAME", "TO", "_cf_x",
        ];
        OneOf(pieces).Array[0, 25].Select(static p => string.Join(p.Length % 2 == 0 ? " " : "", p)).Sample(text =>
        {
            var sql = Encoding.UTF8.GetBytes(text);
            for (var at = 0; at < sql.Length;)
            {
                var token = SqlTokens.Next(sql, at);
                Assert.True(token.Length > 0 && token.End <= sql.Length);
                at = token.End;
            }

            _ = SqlTokens.IsBlank(sql);
            _ = SqlLimitRewriter.TryRewrite(Database, sql, out var rewritten, out var length);
            Assert.InRange(length, 0, sql.Length);
            try
            {
                Database.Release(Database.Prepare(text, Sql));
            }
            catch (SqliteException)
            {
                Assert.False(Database.HasTable("_cf_x"));
            }
        }, iter: 20_000, threads: 1);
        Gen.Byte.Array[0, 60].Sample(bytes =>
        {
            for (var at = 0; at < bytes.Length;)
            {
                var token = SqlTokens.Next(bytes, at);
                Assert.True(token.Length > 0 && token.End <= bytes.Length);
                at = token.End;
            }
        }, threads: 1);
    }

    private void Fill(string table, (int A, int B)[] cells)
    {
        Database.Rollback();
        Sql.Rows(table);
        for (var k = 0; k < cells.Length; k++)
        {
            Sql.Rows("INSERT INTO t(k, a, b) VALUES (?, ?, ?)", k, cells[k].A, cells[k].B);
        }
    }

    private static Gen<string> OneOf(params string[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    private static List<int> Chosen((int A, int B)[] cells, int below, int limit, int offset) =>
    [
        .. cells.Select(static (c, k) => (c.A, c.B, K: k)).Where(c => c.A < below).OrderByDescending(static c => c.B).ThenBy(static c => c.K)
            .Skip(offset).Take(limit < 0 ? int.MaxValue : limit).Select(static c => c.K),
    ];
}
