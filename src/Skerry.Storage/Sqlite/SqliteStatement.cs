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

    private readonly SqliteDatabase _database;
    private nint _handle;
    private string[]? _columnNames;
    private long _returned;
    private long _written;
    private uint _schemaVersion;
    private bool _firstRow;

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
    internal string? Sql { get; }

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
    public long RowsRead => Math.Max(_returned, SqliteNative.StatementStatus(_handle, 1, 0));

    /// <summary>Rows inserted, updated or deleted so far, by triggers and foreign keys too; index entries are not counted.</summary>
    /// <remarks>The first step writes all, even if RETURNING gives the rows out one by one.</remarks>
    public long RowsWritten => _written;

    internal void Lend(long clock)
    {
        InUse = true;
        LastUsed = clock;
        _returned = 0;
        _written = 0;
        _ = SqliteNative.StatementStatus(_handle, 1, 1);
    }

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
        if (IsReadOnly)
        {
            _firstRow = Step();
        }
        else
        {
            var before = SqliteNative.TotalChanges(_database.Handle);
            if (ChangesSchema)
            {
                _database.SchemaVersion++;
            }

            _firstRow = Step();
            _written = SqliteNative.TotalChanges(_database.Handle) - before;
        }

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
        var code = IsTrusted ? _database.StepTrusted(_handle) : SqliteNative.Step(_handle);
        if (code == SqliteNative.Row)
        {
            _returned++;
            return true;
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
        if (!IsReadOnly)
        {
            LastRowsWritten = RowsWritten;
        }

        Generation++;
        InUse = false;
        _firstRow = false;
        _ = SqliteNative.Reset(_handle);
        if (ParameterCount > 0)
        {
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
