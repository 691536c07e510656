using System.Globalization;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

/// <summary>Runs users' SQL on a database as an object does: a transaction opens before the first write.</summary>
internal sealed class SqlRunner(SqliteDatabase database) : IBeforeWrite
{
    public void BeforeWrite() => database.EnsureWriteTransaction();

    /// <summary>The rows, each as its values joined by bars.</summary>
    public List<string> Rows(string sql, params object?[] parameters)
    {
        var statement = database.Prepare(sql, this);
        try
        {
            for (var i = 0; i < parameters.Length; i++)
            {
                Bind(statement, i + 1, parameters[i]);
            }

            if (!statement.IsReadOnly)
            {
                BeforeWrite();
            }

            List<string> rows = [];
            for (var more = statement.StepFirst(); more; more = statement.Step())
            {
                rows.Add(string.Join('|', Enumerable.Range(0, statement.ColumnCount).Select(i => statement.GetString(i))));
            }

            return rows;
        }
        finally
        {
            database.Release(statement);
        }
    }

    /// <summary>The first column of the first row.</summary>
    public string Value(string sql, params object?[] parameters) => Rows(sql, parameters)[0];

    private static void Bind(SqliteStatement statement, int index, object? value)
    {
        switch (value)
        {
            case null:
                statement.BindNull(index);
                break;
            case string text:
                statement.Bind(index, text.AsSpan());
                break;
            case byte[] blob:
                statement.Bind(index, blob);
                break;
            case double number:
                statement.Bind(index, number);
                break;
            default:
                statement.Bind(index, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
