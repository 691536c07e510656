using Skerry.Storage.Sqlite;
using Skerry.Storage.Tests.Sqlite;

namespace Skerry.Objects.Tests.Sql;

/// <summary>A database in memory with the SQL and the keys of an object, but without the object.</summary>
internal sealed class SqlHost : ISqlHost, IDisposable
{
    public SqlHost(SqliteLimits? limits = null)
    {
        Database = new SqliteDatabase(File, limits ?? new SqliteLimits());
        Sql = new SqlStorage(this);
        Kv = new KvStorage(this);
    }

    public MemoryPageFile File { get; } = new();

    public SqliteDatabase Database { get; }

    public SqlStorage Sql { get; }

    public KvStorage Kv { get; }

    /// <summary>What the object was told broke its database.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>How each write since the last turn's end was announced: true if it allows to be unconfirmed.</summary>
    public List<bool> Announced { get; } = [];

    public void BeforeWrite() => BeforeWrite(allowUnconfirmed: false);

    public void BeforeWrite(bool allowUnconfirmed)
    {
        Announced.Add(allowUnconfirmed);
        Database.EnsureWriteTransaction();
    }

    public void EngineFailed(Exception error) => Failure = error;

    /// <summary>The end of a turn.</summary>
    public void EndTurn()
    {
        Announced.Clear();
        Sql.CloseWriters();
        if (Database.HasOpenTransaction)
        {
            Database.Commit();
        }
    }

    public void Dispose() => Database.Dispose();
}
