using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

public sealed class SqliteDatabaseTests : SqliteFixture
{
    [Fact]
    public void Opening_and_reading_an_empty_file_writes_nothing()
    {
        Assert.Equal("1", Sql.Value("SELECT 1"));
        Assert.Equal(0, Database.DatabaseSize);
        Assert.Empty(Sql.Rows("SELECT * FROM sqlite_schema"));
        Assert.Equal(0u, File.PageCount);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        var file = new MemoryPageFile();
        file.Write(1, Enumerable.Repeat((byte)7, IPageFile.PageSize).ToArray());

        var error = Assert.Throws<SqliteException>(() => new SqliteDatabase(file, new SqliteLimits()).HasTable("t"));

        Assert.Equal(26, error.Code);
    }

    [Fact]
    public void Pages_reach_the_file_at_commit_and_each_once()
    {
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
        for (var i = 0; i < 500; i++)
        {
            Sql.Rows("INSERT INTO t(b) VALUES (?)", new string('x', 100));
        }

        Assert.Empty(File.Written);

        Database.Commit();

        Assert.NotEmpty(File.Written);
        Assert.Equal(File.Written.Distinct().Count(), File.Written.Count);
        Reopen();
        Assert.Equal("500", Sql.Value("SELECT count(*) FROM t"));
    }

    [Fact]
    public void More_pages_than_the_cache_holds_still_wait_for_commit()
    {
        Sql.Rows("CREATE TABLE t(b)");
        for (var i = 0; i < 8; i++)
        {
            Sql.Rows("INSERT INTO t VALUES (zeroblob(1000000))");
        }

        Assert.Empty(File.Written);
        Database.Commit();
        Assert.Equal(File.Written.Distinct().Count(), File.Written.Count);
    }

    [Fact]
    public void A_one_row_update_writes_one_page_but_for_the_first_of_a_session()
    {
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 1)");
        Database.Commit();
        Reopen();
        Sql.Rows("UPDATE t SET b = 2");
        Database.Commit();
        File.Written.Clear();

        Sql.Rows("UPDATE t SET b = 3 WHERE a = 1");
        Database.Commit();

        Assert.Equal([2u], File.Written);
    }

    [Fact]
    public void A_rollback_leaves_the_file_as_it_was()
    {
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 1)");
        Database.Commit();
        var before = File.Content();
        File.Written.Clear();

        Sql.Rows("UPDATE t SET b = 2; CREATE TABLE u(a); INSERT INTO u VALUES (zeroblob(100000)); DROP TABLE t");
        Database.Rollback();

        Assert.Empty(File.Written);
        Assert.Equal(before, File.Content());
        Assert.Equal("1|1", Sql.Value("SELECT * FROM t"));
        Assert.False(Database.HasTable("u"));
    }

    [Fact]
    public void Savepoints_take_back_what_came_after_them()
    {
        Sql.Rows("CREATE TABLE t(a)");
        Database.Savepoint("s1");
        Sql.Rows("INSERT INTO t VALUES (1)");
        Database.Savepoint("s2");
        Sql.Rows("INSERT INTO t VALUES (2)");
        Database.RollbackTo("s2");
        Database.ReleaseSavepoint("s2");
        Database.ReleaseSavepoint("s1");
        Database.Commit();
        Reopen();
        Assert.Equal(["1"], Sql.Rows("SELECT a FROM t"));
    }

    [Fact]
    public void Large_values_go_through_overflow_pages_and_back()
    {
        var blob = new byte[1_900_000];
        new Random(3).NextBytes(blob);
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB); INSERT INTO t VALUES (1, 'small')");
        Sql.Rows("INSERT INTO t VALUES (2, ?)", blob);
        Database.Commit();
        Reopen();

        var statement = Database.Prepare("SELECT b FROM t WHERE a = 2", Sql);
        Assert.True(statement.StepFirst());
        Assert.True(statement.GetBlob(0).SequenceEqual(blob));
        Database.Release(statement);
        Assert.Equal("ok", Sql.Value("PRAGMA quick_check"));
    }

    [Fact]
    public void The_size_is_that_of_the_pages_in_use()
    {
        Sql.Rows("CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(100000))");
        var full = Database.DatabaseSize;

        // The schema's page, the table's leaf, and 24 pages of overflow with 4,092 bytes each.
        Assert.Equal(26 * 4096, full);
        Sql.Rows("DELETE FROM t");
        Database.Commit();
        Assert.Equal(2 * 4096, Database.DatabaseSize);
        Assert.Equal(full / 4096, File.PageCount);

        _ = Database.DatabaseSize;
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = Database.DatabaseSize;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_file_made_with_auto_vacuum_shrinks()
    {
        Database.ExecuteTrusted("PRAGMA auto_vacuum = FULL");
        Sql.Rows("CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(100000))");
        Database.Commit();
        var full = File.PageCount;
        Sql.Rows("DELETE FROM t");
        Database.Commit();
        Assert.InRange(File.PageCount, 1u, full - 20);
        Assert.NotEqual(0, File.Truncations);
        Reopen();
        Assert.Equal("ok", Sql.Value("PRAGMA quick_check"));
    }

    [Fact]
    public void An_open_connection_of_ten_pages_is_small()
    {
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b)");
        Sql.Rows("INSERT INTO t VALUES (1, zeroblob(24000))");
        Database.Commit();
        Reopen();
        Sql.Rows("SELECT count(*) FROM t WHERE a = ?", 1);
        Sql.Rows("SELECT length(b || '') FROM t WHERE a = ?", 1);

        TestContext.Current.TestOutputHelper?.WriteLine($"{Database.NativeBytes} bytes for {File.PageCount} pages");
        Assert.InRange(Database.NativeBytes, 1, 70_000);
    }
}
