using System.Collections;
using System.Runtime.CompilerServices;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <inheritdoc cref="SqlCursor"/>
/// <typeparam name="T">What each row becomes.</typeparam>
public readonly struct SqlCursor<T> : IEnumerable<T>
{
    private readonly SqlStorage _storage;
    private readonly CursorHold _hold;

    internal SqlCursor(SqlStorage storage, SqliteStatement statement, bool hasRow)
    {
        _storage = storage;
        _hold = new CursorHold(storage, statement, hasRow);
    }

    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> ColumnNames => _hold.ColumnNames;

    /// <inheritdoc cref="SqlCursor.RowsRead"/>
    public long RowsRead => _hold.RowsRead;

    /// <inheritdoc cref="SqlCursor.RowsWritten"/>
    public long RowsWritten => _hold.RowsWritten;

    /// <inheritdoc cref="SqlCursor.One"/>
    public T One() => TryFirst(out var row, single: true) ? row : throw CursorHold.NoRow();

    /// <summary>The only row, or default if there is none.</summary>
    /// <exception cref="InvalidOperationException">There is more than one.</exception>
    public T? OneOrDefault() => TryFirst(out var row, single: true) ? row : default;

    /// <summary>The first row, or default if there is none; the rest is left unread.</summary>
    public T? FirstOrDefault() => TryFirst(out var row, single: false) ? row : default;

    private bool TryFirst(out T row, bool single)
    {
        if (_hold.HadNoRow || !_hold.MoveNext(_storage))
        {
            row = default!;
            return false;
        }

        try
        {
            var statement = _hold.Statement;
            row = RowMapper<T>.For(statement).Map(statement);
            return single && !statement.ReturnsOneRow && _storage.Step(statement) ? throw CursorHold.ManyRows() : true;
        }
        finally
        {
            _hold.End(_storage);
        }
    }

    /// <summary>All rows that are left.</summary>
    public List<T> ToList()
    {
        List<T> rows = [];
        foreach (var row in this)
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>The rows that are left as arrays of values. Shares the position with this cursor.</summary>
    public IEnumerable<SqlValue[]> Raw()
    {
        using var rows = new SqlCursor.Enumerator(_storage, _hold);
        while (rows.MoveNext())
        {
            yield return rows.Current.ToArray();
        }
    }

    /// <summary>Reads on from where the cursor stands.</summary>
    public Enumerator GetEnumerator() => new(_storage, _hold);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Steps through the rows of a cursor.</summary>
    public struct Enumerator : IEnumerator<T>
    {
        private readonly SqlStorage _storage;
        private readonly CursorHold _hold;
        private RowMapper<T>? _mapper;
        private bool _ended;
        private T? _current;

        internal Enumerator(SqlStorage storage, CursorHold hold)
        {
            _storage = storage;
            _hold = hold;
            _ended = hold.HadNoRow;
        }

        /// <inheritdoc/>
        public readonly T Current => _current!;

        readonly object? IEnumerator.Current => _current;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext()
        {
            if (_ended || !_hold.MoveNext(_storage))
            {
                _ended = true;
                return false;
            }

            var statement = _hold.Statement;
            _current = (_mapper ??= RowMapper<T>.For(statement)).Map(statement);
            return true;
        }

        /// <inheritdoc/>
        public readonly void Reset() => throw new NotSupportedException("A cursor reads forward only. Run the query again.");

        /// <inheritdoc/>
        public readonly void Dispose() => _hold.End(_storage);
    }
}
