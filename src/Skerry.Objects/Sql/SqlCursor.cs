using System.Collections;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>
/// The rows of a statement, read one by one as they are asked for. A value: copies share one position. It ends when
/// it is read to its end, by <c>break</c> out of <c>foreach</c>, or when a hundred newer ones are open. Held across an
/// await it stays usable, and may see what others write meanwhile; the cursor of a writing statement does not.
/// </summary>
public readonly struct SqlCursor : IEnumerable<SqlRow>
{
    private readonly SqlStorage _storage;
    private readonly CursorHold _hold;

    internal SqlCursor(SqlStorage storage, SqliteStatement statement, bool hasRow)
    {
        _storage = storage;
        ColumnNames = statement.ColumnNames;
        _hold = new CursorHold(storage, statement, hasRow);
    }

    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> ColumnNames { get; }

    /// <summary>
    /// Rows read so far; grows while iterating. Rows returned, or stepped over in scans without an index, whichever is
    /// more: SQLite does not count rows that an index led to and that were then left out.
    /// </summary>
    public long RowsRead => _hold.RowsRead;

    /// <summary>Rows inserted, updated or deleted, by triggers and foreign keys too; index entries are not counted.</summary>
    public long RowsWritten => _hold.RowsWritten;

    /// <summary>The only row.</summary>
    /// <exception cref="InvalidOperationException">There is none, or more than one.</exception>
    public SqlValue[] One()
    {
        using var rows = GetEnumerator();
        if (!rows.MoveNext())
        {
            throw CursorHold.NoRow();
        }

        var row = rows.Current.ToArray();
        return rows.MoveNext() ? throw CursorHold.ManyRows() : row;
    }

    /// <summary>All rows that are left, each as an array of values.</summary>
    public List<SqlValue[]> ToList() => [.. Raw()];

    /// <summary>The rows that are left as arrays of values. Shares the position with this cursor.</summary>
    public IEnumerable<SqlValue[]> Raw()
    {
        foreach (var row in this)
        {
            yield return row.ToArray();
        }
    }

    /// <summary>Reads on from where the cursor stands.</summary>
    public Enumerator GetEnumerator() => new(_storage, _hold);

    IEnumerator<SqlRow> IEnumerable<SqlRow>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Steps through the rows of a cursor.</summary>
    public struct Enumerator : IEnumerator<SqlRow>
    {
        private readonly SqlStorage _storage;
        private readonly CursorHold _hold;
        private bool _ended;

        internal Enumerator(SqlStorage storage, CursorHold hold)
        {
            _storage = storage;
            _hold = hold;
            _ended = hold.HadNoRow;
        }

        /// <summary>The row, valid until the next one is asked for.</summary>
        public readonly SqlRow Current => new(_hold);

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext()
        {
            if (_ended || !_hold.MoveNext(_storage))
            {
                _ended = true;
                return false;
            }

            return true;
        }

        /// <inheritdoc/>
        public readonly void Reset() => throw new NotSupportedException("A cursor reads forward only. Run the query again.");

        /// <inheritdoc/>
        public readonly void Dispose() => _hold.End(_storage);
    }
}
