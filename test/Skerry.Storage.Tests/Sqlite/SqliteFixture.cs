using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

/// <summary>A database in memory, and what runs SQL on it.</summary>
public abstract class SqliteFixture : IDisposable
{
    protected SqliteFixture() => (Database, Sql) = Open(new SqliteLimits());

    private protected MemoryPageFile File { get; } = new();

    private protected SqliteDatabase Database { get; private set; }

    private protected SqlRunner Sql { get; private set; }

    /// <summary>Closes the connection and opens another on the same pages.</summary>
    private protected void Reopen(SqliteLimits? limits = null)
    {
        Database.Dispose();
        (Database, Sql) = Open(limits ?? new SqliteLimits());
        File.Written.Clear();
    }

    private (SqliteDatabase Database, SqlRunner Sql) Open(SqliteLimits limits)
    {
        var database = new SqliteDatabase(File, limits);
        return (database, new SqlRunner(database));
    }

    public void Dispose()
    {
        Database.Dispose();
        GC.SuppressFinalize(this);
    }
}
