using Skerry.Bench.Measuring;
using SQLitePCL;

namespace Skerry.Bench.Peers;

/// <summary>SQLite through SQLitePCLRaw, prepared statements on a private connection: as near as C# gets to the C API.</summary>
internal sealed class RawSqlite : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt selectUser;
    private readonly sqlite3_stmt listDocuments;
    private readonly sqlite3_stmt selectUserName;
    private readonly sqlite3_stmt joinDocuments;

    /// <summary>Makes the sample database. The exclusive lock comes before WAL, so that there is no shared wal-index to ask.</summary>
    public RawSqlite(string file)
    {
        Batteries_V2.Init();
        Check(raw.sqlite3_open_v2(file, out database, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null));
        Execute("PRAGMA locking_mode=EXCLUSIVE");
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=NORMAL");
        Execute(SampleData.SqliteSchema);
        Execute("BEGIN");
        foreach (var insert in SampleData.Inserts())
        {
            Execute(insert);
        }

        Execute("COMMIT");
        selectUser = Prepare(SampleData.SelectUser);
        listDocuments = Prepare(SampleData.ListDocuments);
        selectUserName = Prepare(SampleData.SelectUserName);
        joinDocuments = Prepare(SampleData.JoinDocuments);
    }

    /// <summary>One row by primary key: a number and a string.</summary>
    public OperationCost SelectPrimaryKey(int times)
    {
        var wrong = 0;
        var cost = OperationCost.Measure(times, i =>
        {
            long id = SampleData.UserAt(i);
            raw.sqlite3_bind_int64(selectUser, 1, id);
            wrong += raw.sqlite3_step(selectUser) == raw.SQLITE_ROW
                && raw.sqlite3_column_int64(selectUser, 0) == id
                && raw.sqlite3_column_text(selectUser, 1).utf8_to_string().Length > 0 ? 0 : 1;
            raw.sqlite3_reset(selectUser);
        });
        return wrong == 0 ? cost : throw new BenchException("SQLitePCLRaw did not find a row that is there.");
    }

    /// <summary>The 101 queries.</summary>
    public OperationCost NPlusOne(int times) => OperationCost.Measure(times, _ =>
    {
        var rows = new List<(string Title, string Name)>(SampleData.Listed);
        while (raw.sqlite3_step(listDocuments) == raw.SQLITE_ROW)
        {
            raw.sqlite3_bind_int64(selectUserName, 1, raw.sqlite3_column_int64(listDocuments, 1));
            raw.sqlite3_step(selectUserName);
            rows.Add((Text(listDocuments, 0), Text(selectUserName, 0)));
            raw.sqlite3_reset(selectUserName);
        }

        raw.sqlite3_reset(listDocuments);
    });

    /// <summary>The join.</summary>
    public OperationCost Join(int times) => OperationCost.Measure(times, _ =>
    {
        var rows = new List<(string Title, string Name)>(SampleData.Listed);
        while (raw.sqlite3_step(joinDocuments) == raw.SQLITE_ROW)
        {
            rows.Add((Text(joinDocuments, 0), Text(joinDocuments, 1)));
        }

        raw.sqlite3_reset(joinDocuments);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        selectUser.Dispose();
        listDocuments.Dispose();
        selectUserName.Dispose();
        joinDocuments.Dispose();
        database.Dispose();
    }

    private static string Text(sqlite3_stmt statement, int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    private static void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new BenchException($"SQLitePCLRaw: {raw.sqlite3_errstr(result).utf8_to_string()}");
        }
    }

    private void Execute(string sql) => Check(raw.sqlite3_exec(database, sql));

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        return statement;
    }
}
