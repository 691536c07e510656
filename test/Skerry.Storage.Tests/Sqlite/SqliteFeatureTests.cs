using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

/// <summary>What SQLite can do stays possible under the authorizer.</summary>
public sealed class SqliteFeatureTests : SqliteFixture
{
    [Fact]
    public void Full_text_search_finds_ranks_and_marks()
    {
        Sql.Rows("CREATE VIRTUAL TABLE f USING fts5(title, body, tokenize = 'porter')");
        Sql.Rows("INSERT INTO f VALUES ('one', 'the quick brown fox'), ('two', 'lazy dogs sleep'), ('three', 'a dog, a dog and a fox')");

        Assert.Equal(["three", "two"], Sql.Rows("SELECT title FROM f WHERE f MATCH ? ORDER BY bm25(f)", "dog"));
        Assert.Equal("the quick brown <fox>", Sql.Value("SELECT highlight(f, 1, '<', '>') FROM f WHERE f MATCH 'fox' AND title = 'one'"));
        Assert.Equal("…brown [fox]", Sql.Value("SELECT snippet(f, 1, '[', ']', '…', 2) FROM f('fox') WHERE title = 'one'"));
        Sql.Rows("CREATE VIRTUAL TABLE v USING fts5vocab('f', 'row')");
        Assert.Equal("2|3", Sql.Value("SELECT doc, cnt FROM v WHERE term = 'dog'"));
        Sql.Rows("INSERT INTO f(f) VALUES ('optimize'); INSERT INTO f(f) VALUES ('integrity-check')");
        Sql.Rows("ALTER TABLE f RENAME TO g; DROP TABLE v; DROP TABLE g");
        Assert.Empty(Sql.Rows("SELECT name FROM sqlite_schema"));
    }

    [Fact]
    public void R_trees_find_boxes()
    {
        Sql.Rows("CREATE VIRTUAL TABLE r USING rtree(id, minX, maxX, minY, maxY, +label)");
        Sql.Rows("CREATE VIRTUAL TABLE ri USING rtree_i32(id, minX, maxX)");
        for (var i = 0; i < 200; i++)
        {
            Sql.Rows("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?)", i, i, i + 0.5, 0, 1, $"box {i}");
        }

        Sql.Rows("DELETE FROM r WHERE id = 11");
        Assert.Equal(["10|box 10", "12|box 12"], Sql.Rows("SELECT id, label FROM r WHERE minX >= 10 AND maxX < 13 ORDER BY id"));
        Sql.Rows("INSERT INTO ri VALUES (1, 5, 6)");
        Assert.Equal("1", Sql.Value("SELECT id FROM ri WHERE minX > 4"));
        Database.Commit();
        Reopen();
        Assert.Equal("199", Sql.Value("SELECT count(*) FROM r"));
    }

    [Fact]
    public void Tables_can_be_altered()
    {
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c); CREATE INDEX i ON t(b); CREATE VIEW w AS SELECT a, b FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET c = 1 WHERE a = new.a; END");
        Sql.Rows("INSERT INTO t VALUES (1, 'x', 0)");
        Sql.Rows("ALTER TABLE t ADD COLUMN d INTEGER NOT NULL DEFAULT 7 CHECK (d > 0)");
        Sql.Rows("ALTER TABLE t RENAME COLUMN b TO e");
        Sql.Rows("ALTER TABLE t RENAME TO u");
        Assert.Equal("1|x|1|7", Sql.Value("SELECT * FROM u"));
        Assert.Equal("1|x", Sql.Value("SELECT * FROM w"));
        Sql.Rows("DROP TRIGGER g; ALTER TABLE u DROP COLUMN c");
        Assert.Equal(["a", "e", "d"], Sql.Rows("SELECT name FROM pragma_table_info('u')"));
        Assert.Throws<SqliteException>(() => Sql.Rows("ALTER TABLE u DROP COLUMN e"));
    }

    [Fact]
    public void Foreign_keys_hold_and_cascade()
    {
        Sql.Rows("CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE, q REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
        Sql.Rows("INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, NULL)");
        Assert.True(Assert.Throws<SqliteException>(() => Sql.Rows("INSERT INTO c VALUES (2, NULL)")).IsConstraint);
        Sql.Rows("DELETE FROM p");
        Assert.Equal("0", Sql.Value("SELECT count(*) FROM c"));
        Database.Commit();

        Sql.Rows("INSERT INTO c VALUES (NULL, 5)");
        var error = Assert.Throws<SqliteException>(Database.Commit);

        Assert.True(error.IsConstraint);
        Assert.False(error.DatabaseLost);
        Assert.False(Database.HasOpenTransaction);
        Assert.Equal("0", Sql.Value("SELECT count(*) FROM c"));
    }

    [Fact]
    public void Windows_common_tables_generated_columns_strict_tables_upsert_and_returning_work()
    {
        Sql.Rows("CREATE TABLE s(a INTEGER PRIMARY KEY, b TEXT NOT NULL, c INTEGER AS (length(b)) STORED, d INTEGER AS (a * 2)) STRICT, WITHOUT ROWID");
        Assert.Equal(["1|2", "2|4"], Sql.Rows("INSERT INTO s VALUES (1, 'xx'), (2, 'yyyy') RETURNING a, c"));
        Assert.Equal("zzz|3", Sql.Value("INSERT INTO s VALUES (2, 'zzz') ON CONFLICT(a) DO UPDATE SET b = excluded.b RETURNING b, c"));
        Assert.Throws<SqliteException>(() => Sql.Rows("INSERT INTO s VALUES ('no number', 'x')"));
        Assert.Equal(["1|1", "3|2", "6|3"], Sql.Rows("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) OVER (ORDER BY i), rank() OVER (ORDER BY i) FROM n"));
        Assert.Equal("2|4", Sql.Value("SELECT a, d FROM s ORDER BY a DESC"));
    }

    [Fact]
    public void A_recursive_trigger_stops_at_the_depth_limit()
    {
        Reopen(new SqliteLimits { TriggerDepth = 3 });
        Sql.Rows("PRAGMA recursive_triggers = ON");
        Sql.Rows("CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t WHEN new.a > 0 BEGIN INSERT INTO t VALUES (new.a - 1); END");
        Sql.Rows("INSERT INTO t VALUES (2)");
        Assert.Contains("trigger recursion", Assert.Throws<SqliteException>(() => Sql.Rows("INSERT INTO t VALUES (20)")).Message, StringComparison.Ordinal);
    }
}
