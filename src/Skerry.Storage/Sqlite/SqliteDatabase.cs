using System.Runtime.CompilerServices;
using System.Text;

namespace Skerry.Storage.Sqlite;

/// <summary>
/// The one connection of a database, over an <see cref="IPageFile"/>. Nothing is written to the file before
/// <see cref="Commit"/>; then each changed page is written once. One thread at a time.
/// </summary>
public sealed unsafe class SqliteDatabase : IDisposable
{
    private const int OpenFlags = 0x2 | 0x4 | 0x8000; // READWRITE | CREATE | NOMUTEX
    private const uint PreparePersistent = 1;
    private const int IdentitySlots = 64;

    // SQLite's limit is for a row with its header. A value at our limit must fit in one beside its key.
    private const int RowBytesExtra = 4_096;

    private readonly VfsFile _file;
    private readonly SqliteLimits _limits;
    private readonly SqliteAuthorizer _authorizer;
    private readonly Dictionary<string, SqliteStatement> _cache = [];
    private readonly (string? Sql, SqliteStatement? Statement)[] _byIdentity = new (string?, SqliteStatement?)[IdentitySlots];
    private readonly HashSet<SqliteStatement> _uncached = [];
    private readonly Dictionary<string, SqliteStatement> _trusted = [];
    private readonly List<SqliteStatement> _rewritten = [];
    private readonly nint _begin;
    private readonly nint _commit;
    private readonly nint _rollback;
    private nint _handle;
    private long _clock;
    private int _cacheBytes;
    private bool _lost;
    private bool _isRewritten;

    /// <summary>Opens a connection; a file of no pages becomes a new database with the first commit.</summary>
    /// <exception cref="SqliteException">The file is not a database, or cannot be read.</exception>
    public SqliteDatabase(IPageFile file, SqliteLimits limits)
    {
        SkerryVfs.EnsureRegistered();
        _file = new VfsFile(file);
        _limits = limits;
        SkerryVfs.Opening = _file;
        var code = SqliteNative.Open("main", out _handle, OpenFlags, SkerryVfs.Name);
        SkerryVfs.Opening = null;
        _authorizer = new SqliteAuthorizer();
        try
        {
            ThrowIf(code);
            foreach (var (option, value) in DbOptions)
            {
                ThrowIf(SqliteNative.DbConfig(_handle, option, value, null));
            }

            foreach (var pragma in Pragmas)
            {
                RunOnce(pragma);
            }

            SetLimits();
            _begin = PrepareOne("BEGIN IMMEDIATE"u8);
            _commit = PrepareOne("COMMIT"u8);
            _rollback = PrepareOne("ROLLBACK"u8);
            _authorizer.Install(_handle);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // DQS_DML, DQS_DDL, TRUSTED_SCHEMA and ENABLE_LOAD_EXTENSION off; DEFENSIVE on.
    private static readonly (int Option, int Value)[] DbOptions = [(1013, 0), (1014, 0), (1017, 0), (1005, 0), (1010, 1)];

    // Exclusive first: it keeps the pager from looking at the file anew with every transaction, and the change counter
    // from moving more than once. No spilling: a page that reached the file before COMMIT could not be taken back.
    private static readonly string[] Pragmas =
    [
        "PRAGMA locking_mode=EXCLUSIVE",
        "PRAGMA page_size=4096",
        "PRAGMA journal_mode=MEMORY",
        "PRAGMA synchronous=OFF",
        "PRAGMA cache_spill=OFF",
        "PRAGMA temp_store=MEMORY",
        "PRAGMA foreign_keys=ON",
    ];

    private void SetLimits()
    {
        foreach (var (id, value) in new[]
        {
            (0, _limits.ValueBytes + RowBytesExtra), (1, _limits.SqlBytes), (2, _limits.Columns), (3, _limits.ExpressionDepth),
            (4, _limits.CompoundSelect), (7, 0), (8, _limits.LikePatternBytes), (9, _limits.BoundParameters),
            (10, _limits.TriggerDepth), (11, 0),
        })
        {
            _ = SqliteNative.Limit(_handle, id, value);
        }
    }

    internal nint Handle => _handle;

    /// <summary>The limits of this connection.</summary>
    public SqliteLimits Limits => _limits;

    /// <summary>True from <see cref="EnsureWriteTransaction"/> to <see cref="Commit"/> or <see cref="Rollback"/>.</summary>
    public bool HasOpenTransaction { get; private set; }

    /// <summary>Moves whenever the columns of a statement that was prepared before may have changed.</summary>
    internal uint SchemaVersion { get; private set; }

    /// <summary>The schema is about to change.</summary>
    internal void SchemaChanges()
    {
        SchemaVersion++;

        // SQLite compiles these anew as they were rewritten, but their tables may have other keys now.
        foreach (var statement in _rewritten)
        {
            _cache.Remove(statement.Sql!);
            _cacheBytes -= statement.Cost;
            statement.Sql = null;
            if (statement.InUse)
            {
                _uncached.Add(statement);
            }
            else
            {
                statement.Dispose();
            }
        }

        _rewritten.Clear();
    }

    /// <summary>Statements that are lent out.</summary>
    public int OpenCursors { get; private set; }

    /// <summary>Bytes in use: all pages but the free ones.</summary>
    public long DatabaseSize
    {
        get
        {
            return (Number("PRAGMA page_count") - Number("PRAGMA freelist_count")) * IPageFile.PageSize;
        }
    }

    // Kept statements: asking again compiles nothing and allocates nothing.
    private long Number(string pragma)
    {
        var statement = PrepareTrusted(pragma);
        try
        {
            return statement.Step() ? statement.GetInt64(0) : 0;
        }
        finally
        {
            statement.Release();
        }
    }

    /// <summary>
    /// Lends out the statement of a text. Of several statements all but the last are run first; parameters belong to
    /// the last. <paramref name="beforeWrite"/> is called before any that may write.
    /// </summary>
    /// <exception cref="SqliteException">The text is not valid, or not allowed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SqliteStatement Prepare(string sql, IBeforeWrite host)
    {
        ref var slot = ref _byIdentity[(uint)RuntimeHelpers.GetHashCode(sql) % IdentitySlots];
        if (ReferenceEquals(slot.Sql, sql) && slot.Statement is { InUse: false, Handle: not 0 } known)
        {
            known.Lend(++_clock);
            OpenCursors++;
            return known;
        }

        return PrepareSlow(sql, host);
    }

    private SqliteStatement PrepareSlow(string sql, IBeforeWrite host)
    {
        if (_cache.TryGetValue(sql, out var cached) && !cached.InUse)
        {
            Remember(sql, cached);
            return Lend(cached);
        }

        var bytes = Encoding.UTF8.GetBytes(sql);
        if (bytes.AsSpan().IndexOf((byte)0) is var nul and >= 0)
        {
            // SQLite would stop reading there, and run what may be half a statement.
            throw new SqliteException(SqliteNative.Error, "The SQL text holds a NUL character.", nul);
        }

        if (bytes.Length > _limits.SqlBytes)
        {
            throw new SqliteException(18, $"The SQL text takes {bytes.Length} bytes; at most {_limits.SqlBytes} are allowed.");
        }

        fixed (byte* start = bytes)
        {
            var at = start;
            var end = start + bytes.Length;
            while (true)
            {
                var handle = PrepareNext(at, (int)(end - at), (int)(at - start), out var next);
                if (handle == 0)
                {
                    throw new SqliteException(21, "The SQL text holds no statement.");
                }

                if (SqlTokens.IsBlank(new ReadOnlySpan<byte>(next, (int)(end - next))))
                {
                    var cacheable = at == start && cached is null;
                    return Lend(cacheable ? Cache(sql, handle, bytes.Length) : Uncached(handle));
                }

                RunAndFinalize(handle, host);
                at = next;
            }
        }
    }

    private nint PrepareNext(byte* sql, int bytes, int offset, out byte* next)
    {
        SqlTokens.CheckAllowed(new ReadOnlySpan<byte>(sql, bytes));
        _isRewritten = false;
        _authorizer.Denial = null;
        _authorizer.ChangesSchema = _authorizer.Optimizes = false;
        var code = SqliteNative.Prepare(_handle, sql, bytes, PreparePersistent, out var handle, out next);
        if (code == SqliteNative.Ok)
        {
            return handle;
        }

        if (SqlLimitRewriter.TryRewrite(this, new ReadOnlySpan<byte>(sql, bytes), out var rewritten, out var length))
        {
            fixed (byte* text = rewritten)
            {
                var again = SqliteNative.Prepare(_handle, text, rewritten.Length, PreparePersistent, out handle, out _);
                if (again == SqliteNative.Ok)
                {
                    _isRewritten = true;
                    next = sql + length;
                    return handle;
                }
            }

            // The rewritten text was understood, so what it was refused for is what the user has to know. Offsets into
            // it mean nothing to them.
            var error = Failure(code);
            if (!error.Message.EndsWith("syntax error", StringComparison.Ordinal))
            {
                throw new SqliteException(error.ExtendedCode, error.Message, -1, error.DatabaseLost, error.InnerException);
            }

            code = SqliteNative.Prepare(_handle, sql, bytes, PreparePersistent, out handle, out next);
        }

        throw Failure(code, offset);
    }

    private void RunAndFinalize(nint handle, IBeforeWrite host)
    {
        var statement = Wrap(handle, sql: null, cost: 0);
        try
        {
            if (statement.ParameterCount > 0)
            {
                throw new SqliteException(21, "Of several statements only the last can have parameters.");
            }

            if (!statement.IsReadOnly)
            {
                host.BeforeWrite();
            }

            for (var more = statement.StepFirst(); more; more = statement.Step())
            {
            }
        }
        finally
        {
            statement.Dispose();
        }
    }

    private SqliteStatement Wrap(nint handle, string? sql, int cost) =>
        new(this, handle, sql, cost, _authorizer.Optimizes) { ChangesSchema = _authorizer.ChangesSchema };

    private SqliteStatement Cache(string sql, nint handle, int bytes)
    {
        var statement = Wrap(handle, sql, bytes);
        _cache[sql] = statement;
        if (_isRewritten)
        {
            _rewritten.Add(statement);
        }

        _cacheBytes += bytes;
        while (_cacheBytes > _limits.StatementCacheBytes)
        {
            var oldest = _cache.Values.Where(s => !s.InUse && s != statement).MinBy(static s => s.LastUsed);
            if (oldest is null)
            {
                break;
            }

            _cache.Remove(oldest.Sql!);
            _rewritten.Remove(oldest);
            _cacheBytes -= oldest.Cost;
            oldest.Dispose();
        }

        Remember(sql, statement);
        return statement;
    }

    private void Remember(string sql, SqliteStatement statement) =>
        _byIdentity[(uint)RuntimeHelpers.GetHashCode(sql) % IdentitySlots] = (sql, statement);

    private SqliteStatement Uncached(nint handle)
    {
        var statement = Wrap(handle, sql: null, cost: 0);
        _uncached.Add(statement);
        return statement;
    }

    private SqliteStatement Lend(SqliteStatement statement)
    {
        statement.Lend(++_clock);
        OpenCursors++;
        return statement;
    }

    /// <summary>Takes a statement back.</summary>
    public void Release(SqliteStatement statement)
    {
        if (statement.InUse)
        {
            OpenCursors--;
            if (statement.Sql is null)
            {
                _uncached.Remove(statement);
            }

            statement.Release();
        }
    }

    /// <summary>Takes back the statement that was lent out the longest ago.</summary>
    public void CloseOldestCursor()
    {
        if (_cache.Values.Concat(_uncached).Where(static s => s.InUse).MinBy(static s => s.LastUsed) is { } oldest)
        {
            Release(oldest);
        }
    }

    /// <summary>Begins a transaction unless one is open.</summary>
    public void EnsureWriteTransaction()
    {
        if (!HasOpenTransaction)
        {
            Run(_begin);
            HasOpenTransaction = true;
        }
    }

    /// <summary>Commits: the pages go to the file.</summary>
    /// <exception cref="SqliteException">Nothing was committed, and everything was rolled back: a deferred foreign key is violated, or the file failed.</exception>
    public void Commit()
    {
        try
        {
            Run(_commit);
            HasOpenTransaction = false;
        }
        catch (SqliteException)
        {
            Rollback();
            throw;
        }
    }

    /// <summary>Takes back everything since the transaction began. Open cursors stay, and fail if what they read is gone.</summary>
    public void Rollback()
    {
        HasOpenTransaction = false;
        SchemaChanges();
        if (SqliteNative.GetAutocommit(_handle) == 0)
        {
            _ = StepTrusted(_rollback);
            _ = SqliteNative.Reset(_rollback);
        }
    }

    /// <summary>Opens a savepoint.</summary>
    public void Savepoint(string name) => ExecuteTrusted($"SAVEPOINT {name}");

    /// <summary>Closes a savepoint, keeping what was written since.</summary>
    public void ReleaseSavepoint(string name) => ExecuteTrusted($"RELEASE {name}");

    /// <summary>Takes back what was written since a savepoint, which stays open.</summary>
    public void RollbackTo(string name)
    {
        SchemaChanges();
        ExecuteTrusted($"ROLLBACK TO {name}");
    }

    /// <summary>Runs one statement of our own, past the authorizer.</summary>
    public void ExecuteTrusted(string sql, params ReadOnlySpan<string> parameters)
    {
        foreach (var _ in QueryTrusted(sql, parameters))
        {
        }
    }

    /// <summary>Runs one statement of our own, past the authorizer, and returns its first two columns as text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> QueryTrusted(string sql, params ReadOnlySpan<string> parameters)
    {
        List<KeyValuePair<string, string>> rows = [];
        var statement = PrepareTrusted(sql);
        try
        {
            for (var i = 0; i < parameters.Length; i++)
            {
                statement.Bind(i + 1, parameters[i]);
            }

            while (statement.Step())
            {
                rows.Add(new(
                    statement.ColumnCount > 0 ? statement.GetString(0) : "", statement.ColumnCount > 1 ? statement.GetString(1) : ""));
            }
        }
        finally
        {
            statement.Release();
        }

        return rows;
    }

    /// <summary>Lends out a statement of our own, past the authorizer; <see cref="SqliteStatement.Release"/> returns it.</summary>
    /// <param name="sql">One statement.</param>
    /// <param name="keep">False for a statement that will not come again.</param>
    public SqliteStatement PrepareTrusted(string sql, bool keep = true)
    {
        if (_trusted.TryGetValue(sql, out var known) && !known.InUse)
        {
            known.Lend(++_clock);
            return known;
        }

        _authorizer.Trusted = true;
        try
        {
            fixed (byte* text = Encoding.UTF8.GetBytes(sql))
            {
                ThrowIf(SqliteNative.Prepare(_handle, text, Encoding.UTF8.GetByteCount(sql), 0, out var handle, out _));
                var statement = new SqliteStatement(this, handle, keep && known is null ? sql : null, cost: 0) { IsTrusted = true };
                if (statement.Sql is not null)
                {
                    _trusted.Add(sql, statement);
                }

                statement.Lend(++_clock);
                return statement;
            }
        }
        finally
        {
            _authorizer.Trusted = false;
        }
    }

    /// <summary>
    /// Looks at a statement's program: without a loop, a subroutine or a second place that gives out a row, it can return
    /// one row at most. See https://sqlite.org/opcode.html.
    /// </summary>
    internal bool ReturnsOneRow(string sql)
    {
        var places = 0;
        SqliteStatement program;
        try
        {
            program = PrepareTrusted("EXPLAIN " + sql, keep: false);
        }
        catch (SqliteException)
        {
            // The text is at its limit, or explains already: then it is stepped to its end like any other.
            return false;
        }

        try
        {
            while (program.Step())
            {
                var opcode = program.GetString(1);
                if (opcode is "Next" or "Prev" or "SorterNext" or "VNext" or "RowSetRead" or "Yield" or "InitCoroutine" or "Gosub"
                    or "Program" || (opcode == "Goto" && program.GetInt64(3) is > 1 and var target && target <= program.GetInt64(0)))
                {
                    return false;
                }

                places += opcode == "ResultRow" ? 1 : 0;
            }
        }
        finally
        {
            program.Release();
        }

        return places == 1;
    }

    /// <summary>True if the table is there.</summary>
    public bool HasTable(string name) =>
        QueryTrusted("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", name).Count > 0;

    /// <summary>
    /// Expressions that tell a table's rows apart: a name of the rowid that is no column's, or the columns of the primary
    /// key, each compared as the key's index does. Empty if there are none.
    /// </summary>
    internal IReadOnlyList<string> RowKey(string table)
    {
        var found = QueryTrusted("SELECT wr FROM pragma_table_list WHERE name = ? COLLATE NOCASE AND schema = 'main'", table);
        if (found.Count == 1 && found[0].Key == "1")
        {
            return
            [
                .. QueryTrusted(
                    "SELECT c.name, c.coll FROM pragma_index_list(?) i, pragma_index_xinfo(i.name) c WHERE i.origin = 'pk' AND c.key = 1 ORDER BY c.seqno", table)
                .Select(static c => $"{Quoted(c.Key)} COLLATE {Quoted(c.Value)}"),
            ];
        }

        var columns = QueryTrusted("SELECT name FROM pragma_table_xinfo(?)", table);
        return new[] { "rowid", "_rowid_", "oid" }
            .Where(name => !columns.Any(c => c.Key.Equals(name, StringComparison.OrdinalIgnoreCase))).Take(1).ToArray();
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private nint PrepareOne(ReadOnlySpan<byte> sql)
    {
        fixed (byte* text = sql)
        {
            ThrowIf(SqliteNative.Prepare(_handle, text, sql.Length, PreparePersistent, out var handle, out _));
            return handle;
        }
    }

    // A statement that is kept takes a kilobyte or two, and these would never be run again.
    private void RunOnce(string sql)
    {
        var statement = PrepareOne(Encoding.UTF8.GetBytes(sql));
        int code;
        do
        {
            code = SqliteNative.Step(statement);
        }
        while (code == SqliteNative.Row);
        var error = code == SqliteNative.Done ? null : Failure(code);
        _ = SqliteNative.Finalize(statement);
        if (error is not null)
        {
            throw error;
        }
    }

    private void Run(nint statement)
    {
        var code = StepTrusted(statement);
        if (code != SqliteNative.Done)
        {
            var error = Failure(code);
            _ = SqliteNative.Reset(statement);
            throw error;
        }

        _ = SqliteNative.Reset(statement);
    }

    /// <summary>Steps a statement of our own, which a step may have to compile anew.</summary>
    internal int StepTrusted(nint statement)
    {
        var before = _authorizer.Trusted;
        _authorizer.Trusted = true;
        var code = SqliteNative.Step(statement);
        _authorizer.Trusted = before;
        return code;
    }

    private void ThrowIf(int code)
    {
        if (code != SqliteNative.Ok)
        {
            throw Failure(code);
        }
    }

    internal SqliteException Failure(int code, int offset = 0)
    {
        var extended = SqliteNative.ExtendedError(_handle) is var e and not 0 ? e : code;
        var message = _authorizer.Denial ?? SqliteNative.Text(SqliteNative.ErrorMessage(_handle));
        _authorizer.Denial = null;
        var at = SqliteNative.ErrorOffset(_handle);
        var inner = _file.Error;
        _file.Error = null;
        if (inner is not null)
        {
            message = $"{message}: {inner.Message}";
        }

        // A transaction that ended without our doing was rolled back by SQLite.
        if (HasOpenTransaction && SqliteNative.GetAutocommit(_handle) != 0)
        {
            _lost = true;
            HasOpenTransaction = false;
            SchemaChanges();
        }

        return new SqliteException(extended, message, at < 0 ? -1 : at + offset, _lost, inner);
    }

    /// <summary>Bytes of native memory this connection uses: page cache, schema and statements.</summary>
    public long NativeBytes
    {
        get
        {
            var total = 0L;
            foreach (var op in (ReadOnlySpan<int>)[1, 2, 3])
            {
                _ = SqliteNative.DbStatus(_handle, op, out var current, out _, 0);
                total += current;
            }

            return total;
        }
    }

    /// <summary>Closes the connection. An open transaction is rolled back.</summary>
    public void Dispose()
    {
        if (_handle == 0)
        {
            return;
        }

        foreach (var statement in _cache.Values.Concat(_uncached).Concat(_trusted.Values).ToArray())
        {
            statement.Dispose();
        }

        _cache.Clear();
        _uncached.Clear();
        _rewritten.Clear();
        Array.Clear(_byIdentity);
        _ = SqliteNative.Finalize(_begin);
        _ = SqliteNative.Finalize(_commit);
        _ = SqliteNative.Finalize(_rollback);
        _ = SqliteNative.Close(_handle);
        _handle = 0;
        _authorizer.Dispose();
        HasOpenTransaction = false;
    }
}

/// <summary>Opens the transaction of whoever runs a statement that may write.</summary>
public interface IBeforeWrite
{
    /// <summary>A statement that may write is about to run.</summary>
    void BeforeWrite();
}
