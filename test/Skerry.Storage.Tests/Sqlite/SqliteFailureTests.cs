using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

/// <summary>Permitted faults: any read and any write of the page file may throw, once or for good.</summary>
public sealed class SqliteFailureTests : SqliteFixture
{
    public SqliteFailureTests()
    {
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b)");
        for (var i = 0; i < 100; i++)
        {
            Sql.Rows("INSERT INTO t VALUES (?, ?)", i, new string('x', 400));
        }

        Database.Commit();
        Reopen();
    }

    [Fact]
    public void A_page_that_cannot_be_read_fails_the_statement_and_says_why()
    {
        Sql.Rows("SELECT 1 FROM t WHERE a = 0");
        File.ReadError = new StorageException("the disk is on fire");

        var error = Assert.Throws<SqliteException>(() => Sql.Rows("SELECT sum(length(b)) FROM t"));

        Assert.Equal(10, error.Code);
        Assert.Same(File.ReadError, error.InnerException);
        Assert.Contains("on fire", error.Message, StringComparison.Ordinal);
        Assert.False(error.DatabaseLost);
        File.ReadError = null;
        Assert.Equal("40000", Sql.Value("SELECT sum(length(b)) FROM t"));
    }

    [Fact]
    public void A_page_that_cannot_be_read_while_something_is_written_loses_the_transaction()
    {
        Sql.Rows("UPDATE t SET b = 'y' WHERE a = 0");
        File.ReadError = new StorageException("gone");

        var error = Assert.Throws<SqliteException>(() => Sql.Rows("SELECT sum(length(b)) FROM t"));

        Assert.True(error.DatabaseLost);
    }

    [Fact]
    public void A_damaged_page_is_reported_as_damage()
    {
        File.ReadError = new StorageDamagedException("main", 4096, "checksum of page 2");

        var error = Assert.Throws<SqliteException>(() => Sql.Rows("SELECT * FROM t"));

        Assert.Equal(11, error.Code);
        Assert.Same(File.ReadError, error.InnerException);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_commit_that_fails_is_rolled_back_and_the_connection_closes(int writesAllowed)
    {
        var before = Sql.Value("SELECT group_concat(a || b) FROM t");
        Sql.Rows("UPDATE t SET b = a || 'new'");
        var open = Database.Prepare("SELECT a FROM t", Sql);
        open.StepFirst();
        File.WritesAllowed = writesAllowed;
        File.WriteError = new StorageException("no space");

        var error = Assert.Throws<SqliteException>(Database.Commit);

        Assert.Same(File.WriteError, error.InnerException);
        Assert.True(error.DatabaseLost);
        Assert.False(Database.HasOpenTransaction);
        File.WriteError = null;
        Database.Release(open);
        Assert.Equal(before, Sql.Value("SELECT group_concat(a || b) FROM t"));
        Database.Dispose();
    }

    [Fact]
    public void A_closed_connection_ends_its_cursors()
    {
        var cursor = Database.Prepare("SELECT a FROM t", Sql);
        cursor.StepFirst();
        var generation = cursor.Generation;

        Database.Dispose();

        Assert.NotEqual(generation, cursor.Generation);
        Database.Release(cursor);
        Database.Dispose();
    }

    [Fact]
    public void An_error_is_told_once()
    {
        File.ReadError = new StorageException("once");
        Assert.Throws<SqliteException>(() => Sql.Rows("SELECT * FROM t"));
        File.ReadError = null;

        var error = Assert.Throws<SqliteException>(() => Sql.Rows("SELECT nope"));

        Assert.Null(error.InnerException);
        Assert.DoesNotContain("once", error.Message, StringComparison.Ordinal);
    }
}
