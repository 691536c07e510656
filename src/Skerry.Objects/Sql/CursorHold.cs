using System.Runtime.CompilerServices;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>A cursor's hold on a statement: good as long as the statement has not changed hands.</summary>
internal readonly struct CursorHold
{
    private readonly SqliteStatement _statement;
    private readonly uint _generation;
    private readonly long _rowsRead;
    private readonly long _rowsWritten;

    public CursorHold(SqlStorage storage, SqliteStatement statement, bool hasRow)
    {
        _statement = statement;
        HadNoRow = !hasRow;
        _generation = statement.Generation;
        if (!hasRow)
        {
            // Given back at once: most writing statements return nothing, and their cursors are never looked at.
            _rowsRead = statement.RowsRead;
            _rowsWritten = statement.RowsWritten;
            storage.Release(statement);
        }
    }

    /// <summary>True if the statement returned no row at all, and the hold ended with it.</summary>
    public bool HadNoRow { get; }

    public bool IsOpen => _statement.Generation == _generation;

    public SqliteStatement Statement => IsOpen ? _statement : throw Closed();

    public IReadOnlyList<string> ColumnNames => _statement.ColumnNames;

    public long RowsRead => HadNoRow ? _rowsRead : IsOpen ? _statement.RowsRead : _statement.LastRowsRead;

    public long RowsWritten => HadNoRow ? _rowsWritten : IsOpen ? _statement.RowsWritten : _statement.LastRowsWritten;

    /// <summary>Goes to the next row. The first one was reached when the statement was run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext(SqlStorage storage)
    {
        if (!IsOpen)
        {
            throw Closed();
        }

        if (_statement.TakeFirstRow() || storage.Step(_statement))
        {
            return true;
        }

        storage.Release(_statement);
        return false;
    }

    public void End(SqlStorage storage)
    {
        if (IsOpen && !HadNoRow)
        {
            storage.Release(_statement);
        }
    }

    public static InvalidOperationException NoRow() => new("The query returned no row; One needs exactly one.");

    public static InvalidOperationException ManyRows() => new("The query returned more than one row; One needs exactly one.");

    private static InvalidOperationException Closed() => new(
        "The cursor is closed: it was read to its end, its event ended while it was writing, its database was closed, or too many newer cursors are open. Run the query again.");
}
