using System.Runtime.CompilerServices;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>
/// An object's SQLite database, in the same thread: a query costs about a microsecond, so many small ones are as good
/// as one large one. Only for the object's own code, on its event loop.
/// </summary>
public sealed class SqlStorage
{
    private readonly ISqlHost _host;
    private readonly List<(SqliteStatement Statement, uint Generation)> _writers = [];

    internal SqlStorage(ISqlHost host) => _host = host;

    /// <summary>Bytes the database takes, free pages not counted.</summary>
    public long DatabaseSize => _host.Database.DatabaseSize;

    /// <summary>
    /// Runs SQL. Its first step runs at once, so what it writes is written even if the cursor is never read. Of several
    /// statements all run, and the cursor and the parameters belong to the last.
    /// </summary>
    /// <param name="query">SQL text. Its prepared statement is kept, so that the same text is not compiled twice.</param>
    /// <param name="bindings">A value for each parameter, in order.</param>
    /// <exception cref="SqliteException">The text is not valid or not allowed, or the statement failed; earlier writes stay.</exception>
    /// <exception cref="ArgumentException">There are more or fewer values than parameters.</exception>
    public SqlCursor Exec(string query, params ReadOnlySpan<SqlValue> bindings)
    {
        var statement = Start(query, bindings, out var hasRow);
        return new SqlCursor(this, statement, hasRow);
    }

    /// <summary>
    /// Runs SQL and maps each row: to the constructor of <typeparamref name="T"/> whose parameters have the columns'
    /// names (letter case and <c>_</c> do not count), else to its settable properties; or the only column to a plain value.
    /// </summary>
    /// <inheritdoc cref="Exec(string, ReadOnlySpan{SqlValue})"/>
    public SqlCursor<T> Exec<T>(string query, params ReadOnlySpan<SqlValue> bindings)
    {
        var statement = Start(query, bindings, out var hasRow);
        return new SqlCursor<T>(this, statement, hasRow);
    }

    private SqliteStatement Start(string query, ReadOnlySpan<SqlValue> bindings, out bool hasRow)
    {
        var database = _host.Database;
        SqliteStatement? statement = null;
        try
        {
            statement = database.Prepare(query, _host);
            if (statement.ParameterCount != bindings.Length)
            {
                throw WrongCount(statement.ParameterCount, bindings.Length);
            }

            for (var i = 0; i < bindings.Length; i++)
            {
                bindings[i].BindTo(statement, i + 1);
            }

            if (!statement.IsReadOnly)
            {
                _host.BeforeWrite();
            }

            hasRow = statement.StepFirst();
            if (hasRow)
            {
                if (!statement.IsReadOnly)
                {
                    ForgetEnded();
                    _writers.Add((statement, statement.Generation));
                }

                if (database.OpenCursors > database.Limits.OpenCursors)
                {
                    database.CloseOldestCursor();
                }
            }

            return statement;
        }
        catch (Exception e)
        {
            if (statement is not null)
            {
                database.Release(statement);
            }

            _host.Note(e);
            throw;
        }
    }

    /// <summary>Goes on with a cursor.</summary>
    internal bool Step(SqliteStatement statement)
    {
        var database = _host.Database;
        try
        {
            return statement.Step();
        }
        catch (Exception e)
        {
            database.Release(statement);
            _host.Note(e);
            throw;
        }
    }

    internal void Release(SqliteStatement statement) => statement.Database.Release(statement);

    /// <summary>Ends the cursors of writing statements, for an open one would keep the transaction from committing.</summary>
    internal void CloseWriters()
    {
        foreach (var (statement, generation) in _writers)
        {
            if (statement.Generation == generation)
            {
                Release(statement);
            }
        }

        _writers.Clear();
    }

    // Most are read to their end soon, and a turn may run any number of them.
    private void ForgetEnded()
    {
        while (_writers.Count > 0 && _writers[^1] is var (newest, generation) && newest.Generation != generation)
        {
            _writers.RemoveAt(_writers.Count - 1);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ArgumentException WrongCount(int expected, int given) => new(
        $"The statement has {expected} parameter{(expected == 1 ? "" : "s")}, but {given} value{(given == 1 ? " was" : "s were")} given.");
}
