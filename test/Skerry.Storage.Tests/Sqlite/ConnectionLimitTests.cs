using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

public sealed class ConnectionLimitTests : IDisposable, IBeforeWrite
{
    private readonly Pages _pages = new();
    private SqliteDatabase _database;

    public ConnectionLimitTests() => _database = new SqliteDatabase(_pages, new SqliteLimits());

    public void Dispose() => _database.Dispose();

    void IBeforeWrite.BeforeWrite() => _database.EnsureWriteTransaction();

    [Fact]
    public void An_open_database_of_ten_pages_takes_little_native_memory()
    {
        Run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)");
        for (var i = 0; i < 8; i++)
        {
            Run("INSERT INTO t VALUES (NULL, zeroblob(3900))");
        }

        _database.Commit();
        Assert.Equal(10u, _pages.PageCount);
        _database.Dispose();
        _database = new SqliteDatabase(_pages, new SqliteLimits());
        Run("SELECT sum(length(b)) FROM t");

        // Nine pages in SQLite's cache are 37 KiB and its hash table 2 KiB; schema and statements take the rest.
        Assert.InRange(_database.NativeBytes, 36 * 1024, 56 * 1024);
    }

    [Fact]
    public void A_hidden_row_holds_a_key_and_a_value_of_full_size()
    {
        _database.EnsureWriteTransaction();
        _database.ExecuteTrusted("CREATE TABLE _cf_KV (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
        var statement = _database.PrepareTrusted("INSERT INTO _cf_KV VALUES (?, ?)");
        statement.Bind(1, new byte[2048]);
        statement.Bind(2, new byte[(2 << 20) - 2048 + 1]);
        Assert.False(statement.Step());
        statement.Release();
        _database.Commit();

        Run("CREATE TABLE t(a, b)");
        const int TooBig = 18;
        Assert.Equal(TooBig, Assert.Throws<SqliteException>(() => Run("INSERT INTO t VALUES (zeroblob(2048), randomblob(2097152 + 4096))")).Code);
    }

    [Fact]
    public void A_query_cannot_write_by_way_of_a_pragma_function()
    {
        Run("CREATE TABLE t(a); CREATE INDEX i ON t(a)");
        var error = Assert.Throws<SqliteException>(() => Run("SELECT * FROM Pragma_Optimize(0x10002)"));
        Assert.Contains("PRAGMA optimize", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_statement_that_can_return_one_row_only_is_known_and_others_are_not()
    {
        Run("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INTEGER); INSERT INTO t VALUES (1, 'a', 7), (2, 'b', 7)");
        foreach (var (sql, one) in new[]
        {
            ("SELECT name FROM t WHERE id = 1", true), ("SELECT * FROM t WHERE name = 'a'", true), ("SELECT COUNT(*) FROM t", true),
            ("SELECT name FROM t", false), ("SELECT name FROM t WHERE age = 7", false), ("SELECT name FROM t WHERE id IN (1, 2)", false),
            ("SELECT 1 UNION ALL SELECT 2", false), ("VALUES (1), (2)", false), ("SELECT a.id FROM t a JOIN t b", false),
            ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n", false),
            ("SELECT id FROM t WHERE id = 1 OR name = 'b'", false), ("SELECT value FROM json_each('[1,2]')", false),
        })
        {
            Assert.Equal(one, _database.ReturnsOneRow(sql));
        }
    }

    private void Run(string sql)
    {
        var statement = _database.Prepare(sql, this);
        try
        {
            if (!statement.IsReadOnly)
            {
                _database.EnsureWriteTransaction();
            }

            for (var row = statement.StepFirst(); row; row = statement.Step())
            {
            }
        }
        finally
        {
            _database.Release(statement);
        }
    }

    private sealed class Pages : IPageFile
    {
        private readonly List<byte[]> _pages = [];

        public uint PageCount => (uint)_pages.Count;

        public void Read(uint page, int offset, Span<byte> buffer) => _pages[(int)page - 1].AsSpan(offset, buffer.Length).CopyTo(buffer);

        public void Write(uint page, ReadOnlySpan<byte> content)
        {
            while (_pages.Count < page)
            {
                _pages.Add(new byte[IPageFile.PageSize]);
            }

            content.CopyTo(_pages[(int)page - 1]);
        }

        public void Truncate(uint pages) => _pages.RemoveRange((int)pages, _pages.Count - (int)pages);
    }
}
