using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Skerry.Storage.Sqlite;

/// <summary>
/// A prepared statement that its database lends out. Between <see cref="SqliteDatabase.Prepare"/> and
/// <see cref="Release"/> it belongs to one user; <see cref="Generation"/> tells a later user's hold from an earlier one's.
/// </summary>
public sealed unsafe class SqliteStatement
{
    // A text this short is encoded on the stack and copied by SQLite without leaving the fast path.
    private const int ShortTextChars = 256;

    // A statement used this often is worth the look at its program.
    private const int UsesBeforeAnalysis = 64;

    private readonly SqliteDatabase _database;
    private nint _handle;
    private string[]? _columnNames;
    private long _returned;
    private long _written;
    private uint _schemaVersion;
    private bool _firstRow;
    private bool _boundLarge;
    private int _uses;

    internal SqliteStatement(SqliteDatabase database, nint handle, string? sql, int cost, bool writes = false)
    {
        _schemaVersion = database.SchemaVersion;
        _database = database;
        _handle = handle;
        Sql = sql;
        Cost = cost;
        IsReadOnly = !writes && SqliteNative.IsReadOnly(handle) != 0;
        ParameterCount = SqliteNative.ParameterCount(handle);
        ColumnCount = SqliteNative.ColumnCount(handle);
    }

    /// <summary>The text it is cached by; null if it is not cached.</summary>
    internal string? Sql { get; set; }

    internal int Cost { get; }

    internal long LastUsed { get; set; }

    internal bool InUse { get; set; }

    /// <summary>True for a statement of our own: SQLite compiles it anew by itself when the schema has changed.</summary>
    internal bool IsTrusted { get; init; }

    /// <summary>True if running it may change the columns of other statements.</summary>
    internal bool ChangesSchema { get; init; }

    internal nint Handle => _handle;

    /// <summary>The database that lends it.</summary>
    public SqliteDatabase Database => _database;

    /// <summary><see cref="RowsRead"/> of the newest use that ended.</summary>
    public long LastRowsRead { get; private set; }

    /// <summary><see cref="RowsWritten"/> of the newest use that ended.</summary>
    public long LastRowsWritten { get; private set; }

    /// <summary>Changes whenever the statement changes hands.</summary>
    public uint Generation { get; private set; }

    /// <summary>True if it changes nothing in the database.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Parameters to bind.</summary>
    public int ParameterCount { get; }

    /// <summary>Columns of a row; 0 if it returns none.</summary>
    public int ColumnCount { get; private set; }

    /// <summary>A place for whoever maps rows to keep what was worked out for this statement.</summary>
    public object? Mapper { get; set; }

    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> ColumnNames
    {
        get
        {
            if (_columnNames is null)
            {
                _columnNames = new string[ColumnCount];
                for (var i = 0; i < ColumnCount; i++)
                {
                    _columnNames[i] = SqliteNative.Text(SqliteNative.ColumnName(_handle, i));
                }
            }

            return _columnNames;
        }
    }

    /// <summary>
    /// Rows read so far: those returned, or those stepped over in scans without an index, whichever is more. SQLite
    /// does not count rows found through an index but not returned.
    /// </summary>
    public long RowsRead => ReturnsOneRow ? _returned : Math.Max(_returned, SqliteNative.StatementStatus(_handle, 1, 0));

    /// <summary>Rows inserted, updated or deleted so far, by triggers and foreign keys too; index entries are not counted.</summary>
    /// <remarks>SQLite counts when a statement ends; until then the rows that RETURNING gave out are what is known.</remarks>
    public long RowsWritten => IsReadOnly ? 0 : Math.Max(_written, _returned);

    internal void Lend(long clock)
    {
        InUse = true;
        LastUsed = clock;
        _returned = 0;
        _written = 0;
        if (!ReturnsOneRow)
        {
            _ = SqliteNative.StatementStatus(_handle, 1, 1);
            if (++_uses == UsesBeforeAnalysis && IsReadOnly && !IsTrusted && Sql is not null)
            {
                ReturnsOneRow = _database.ReturnsOneRow(Sql);
            }
        }
    }

    /// <summary>
    /// True if the statement is known to return one row at most, as a look-up by a whole key does: then nobody has to
    /// step it again to find that out. Known only for statements that are used often.
    /// </summary>
    public bool ReturnsOneRow { get; private set; }

    /// <summary>Binds an integer to the parameter <paramref name="index"/>, from 1.</summary>
    public void Bind(int index, long value) => SqliteNative.BindInt64(_handle, index, value);

    /// <summary>Binds a number.</summary>
    public void Bind(int index, double value) => SqliteNative.BindDouble(_handle, index, value);

    /// <summary>Binds NULL.</summary>
    public void BindNull(int index) => SqliteNative.BindNull(_handle, index);

    /// <summary>Binds a text.</summary>
    [SkipLocalsInit]
    public void Bind(int index, ReadOnlySpan<char> value)
    {
        if (value.Length <= ShortTextChars)
        {
            var utf8 = stackalloc byte[ShortTextChars * 3];
            var length = Encoding.UTF8.GetBytes(value, new Span<byte>(utf8, ShortTextChars * 3));
            Check(SqliteNative.BindShortText(_handle, index, utf8, length, SqliteNative.Transient));
            return;
        }

        _boundLarge = true;
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(value.Length));
        try
        {
            var length = Encoding.UTF8.GetBytes(value, buffer);
            fixed (byte* text = buffer)
            {
                Check(SqliteNative.BindText(_handle, index, text, length, SqliteNative.Transient));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Binds a blob.</summary>
    public void Bind(int index, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            // A null pointer would bind NULL, which an empty blob is not.
            Check(SqliteNative.BindZeroBlob(_handle, index, 0));
            return;
        }

        _boundLarge = true;
        fixed (byte* blob = value)
        {
            Check(SqliteNative.BindBlob(_handle, index, blob, value.Length, SqliteNative.Transient));
        }
    }

    private void Check(int code)
    {
        if (code != SqliteNative.Ok)
        {
            throw _database.Failure(code);
        }
    }

    /// <summary>Begins: goes to the first row, which <see cref="TakeFirstRow"/> then gives out.</summary>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public bool StepFirst()
    {
        if (ChangesSchema)
        {
            _database.SchemaChanges();
        }

        _firstRow = Step();
        if (_schemaVersion != _database.SchemaVersion)
        {
            RefreshColumns();
        }

        return _firstRow;
    }

    // The step compiled the statement anew if the schema had changed: SELECT * may have other columns now.
    private void RefreshColumns()
    {
        _schemaVersion = _database.SchemaVersion;
        ColumnCount = SqliteNative.ColumnCount(_handle);
        _columnNames = null;
        Mapper = null;
        ReturnsOneRow = false;
        _uses = 0;
    }

    /// <summary>True once, for the row that <see cref="StepFirst"/> has reached.</summary>
    public bool TakeFirstRow()
    {
        var first = _firstRow;
        _firstRow = false;
        return first;
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public bool Step()
    {
        var before = IsReadOnly ? 0 : SqliteNative.TotalChanges(_database.Handle);
        var code = IsTrusted ? _database.StepTrusted(_handle) : SqliteNative.Step(_handle);
        if (code == SqliteNative.Row)
        {
            _returned++;
            return true;
        }

        if (!IsReadOnly)
        {
            _written = SqliteNative.TotalChanges(_database.Handle) - before;
        }

        return code == SqliteNative.Done ? false : throw _database.Failure(code);
    }

    /// <summary>The column's value is NULL.</summary>
    public bool IsNull(int column) => SqliteNative.ColumnType(_handle, column) == SqliteNative.TypeNull;

    /// <summary>SQLite's type of the value: 1 integer, 2 real, 3 text, 4 blob, 5 null.</summary>
    public int TypeOf(int column) => SqliteNative.ColumnType(_handle, column);

    /// <summary>The value as an integer.</summary>
    public long GetInt64(int column) => SqliteNative.ColumnInt64(_handle, column);

    /// <summary>The value as a number.</summary>
    public double GetDouble(int column) => SqliteNative.ColumnDouble(_handle, column);

    /// <summary>The value as text; empty for NULL.</summary>
    public string GetString(int column)
    {
        var text = SqliteNative.ColumnText(_handle, column);
        return text == null ? "" : Encoding.UTF8.GetString(text, SqliteNative.ColumnBytes(_handle, column));
    }

    /// <summary>The value as UTF-8, valid until the next step.</summary>
    public ReadOnlySpan<byte> GetUtf8(int column)
    {
        var text = SqliteNative.ColumnText(_handle, column);
        return new ReadOnlySpan<byte>(text, text == null ? 0 : SqliteNative.ColumnBytes(_handle, column));
    }

    /// <summary>The value as bytes, valid until the next step.</summary>
    public ReadOnlySpan<byte> GetBlob(int column)
    {
        var blob = SqliteNative.ColumnBlob(_handle, column);
        return new ReadOnlySpan<byte>(blob, blob == null ? 0 : SqliteNative.ColumnBytes(_handle, column));
    }

    /// <summary>Ends the use: the statement goes back to its database.</summary>
    public void Release()
    {
        if (!InUse)
        {
            return;
        }

        LastRowsRead = RowsRead;
        Generation++;
        InUse = false;
        _firstRow = false;
        if (IsReadOnly)
        {
            _ = SqliteNative.Reset(_handle);
        }
        else
        {
            // A statement that was not stepped to its end is ended, and counted, by the reset.
            var before = SqliteNative.TotalChanges(_database.Handle);
            _ = SqliteNative.Reset(_handle);
            LastRowsWritten = _written + SqliteNative.TotalChanges(_database.Handle) - before;
        }

        if (_boundLarge)
        {
            // Every use binds all parameters anew, so this only gives memory back.
            _boundLarge = false;
            _ = SqliteNative.ClearBindings(_handle);
        }

        if (Sql is null)
        {
            Dispose();
        }
    }

    internal void Dispose()
    {
        if (_handle != 0)
        {
            Generation++;
            InUse = false;
            _ = SqliteNative.Finalize(_handle);
            _handle = 0;
        }
    }
}
