namespace Skerry.Objects;

/// <summary>One row of an untyped cursor; valid until the next row is asked for.</summary>
public readonly struct SqlRow
{
    private readonly CursorHold _hold;

    internal SqlRow(CursorHold hold) => _hold = hold;

    /// <summary>Columns in the row.</summary>
    public int Count => _hold.Statement.ColumnCount;

    /// <summary>The value of a column, from 0.</summary>
    public SqlValue this[int column] => SqlValue.Read(_hold.Statement, Checked(column));

    /// <summary>The value of a named column.</summary>
    public SqlValue this[string column] => SqlValue.Read(_hold.Statement, Ordinal(column));

    /// <summary>The integer in a column; NULL is 0, a text is converted as SQLite does.</summary>
    public long GetInt64(int column) => _hold.Statement.GetInt64(Checked(column));

    /// <inheritdoc cref="GetInt64(int)"/>
    public long GetInt64(string column) => _hold.Statement.GetInt64(Ordinal(column));

    /// <summary>The number in a column; NULL is 0.</summary>
    public double GetDouble(int column) => _hold.Statement.GetDouble(Checked(column));

    /// <inheritdoc cref="GetDouble(int)"/>
    public double GetDouble(string column) => _hold.Statement.GetDouble(Ordinal(column));

    /// <summary>The text in a column; NULL is empty.</summary>
    public string GetString(int column) => _hold.Statement.GetString(Checked(column));

    /// <inheritdoc cref="GetString(int)"/>
    public string GetString(string column) => _hold.Statement.GetString(Ordinal(column));

    /// <summary>The bytes in a column, not copied: valid until the next row.</summary>
    public ReadOnlySpan<byte> GetBlob(int column) => _hold.Statement.GetBlob(Checked(column));

    /// <inheritdoc cref="GetBlob(int)"/>
    public ReadOnlySpan<byte> GetBlob(string column) => _hold.Statement.GetBlob(Ordinal(column));

    /// <summary>True if the column is NULL.</summary>
    public bool IsNull(int column) => _hold.Statement.IsNull(Checked(column));

    /// <inheritdoc cref="IsNull(int)"/>
    public bool IsNull(string column) => _hold.Statement.IsNull(Ordinal(column));

    /// <summary>All values, copied.</summary>
    public SqlValue[] ToArray()
    {
        var statement = _hold.Statement;
        var values = new SqlValue[statement.ColumnCount];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = SqlValue.Read(statement, i);
        }

        return values;
    }

    private int Checked(int column) => (uint)column < (uint)Count
        ? column
        : throw new ArgumentOutOfRangeException(nameof(column), column, $"The row has {Count} columns.");

    private int Ordinal(string name)
    {
        var names = _hold.ColumnNames;
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i].Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        throw new ArgumentException($"There is no column '{name}'. The columns are: {string.Join(", ", names)}.", nameof(name));
    }
}
