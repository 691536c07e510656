using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>Makes a <typeparamref name="T"/> of a row. Compiled once for a list of columns; no cell is boxed.</summary>
internal sealed class RowMapper<T>
{
    private static readonly ConcurrentDictionary<string, RowMapper<T>> Compiled = new();

    private readonly Func<SqliteStatement, T> _map;

    private RowMapper(Func<SqliteStatement, T> map) => _map = map;

    /// <summary>The mapper for a statement's columns.</summary>
    public static RowMapper<T> For(SqliteStatement statement) =>
        statement.Mapper is RowMapper<T> known ? known : Find(statement);

    private static RowMapper<T> Find(SqliteStatement statement)
    {
        // Column names cannot hold this separator, so the joined list is the list.
        var columns = string.Join('\0', statement.ColumnNames);
        var mapper = Compiled.GetOrAdd(columns, static (_, s) => new(Compile(s.ColumnNames)), statement);
        statement.Mapper = mapper;
        return mapper;
    }

    public T Map(SqliteStatement statement) => _map(statement);

    private static Func<SqliteStatement, T> Compile(IReadOnlyList<string> columns)
    {
        var statement = Expression.Parameter(typeof(SqliteStatement));
        if (CellReader.For(typeof(T), notNull: false) is { } reader)
        {
            if (columns.Count != 1)
            {
                throw new InvalidOperationException($"Exec<{typeof(T).Name}> takes a query with one column; this one has {columns.Count}: {string.Join(", ", columns)}.");
            }

            return Expression.Lambda<Func<SqliteStatement, T>>(reader(statement, 0, columns[0]), statement).Compile();
        }

        var body = ByConstructor(statement, columns) ?? ByProperties(statement, columns)
            ?? throw new InvalidOperationException($"{typeof(T).Name} has no constructor whose parameters are all among the columns {string.Join(", ", columns)}, and no settable properties with those names.");
        return Expression.Lambda<Func<SqliteStatement, T>>(body, statement).Compile();
    }

    private static Expression? ByConstructor(ParameterExpression statement, IReadOnlyList<string> columns)
    {
        foreach (var constructor in typeof(T).GetConstructors().OrderByDescending(static c => c.GetParameters().Length))
        {
            var cells = constructor.GetParameters()
                .Select(p => Cell(statement, columns, p.Name!, p.ParameterType, NotNull(new NullabilityInfoContext().Create(p))))
                .ToArray();
            if (cells.Length > 0 && Array.TrueForAll(cells, static c => c is not null))
            {
                return Expression.New(constructor, cells!);
            }
        }

        return null;
    }

    private static Expression? ByProperties(ParameterExpression statement, IReadOnlyList<string> columns)
    {
        if (!typeof(T).IsValueType && typeof(T).GetConstructor(Type.EmptyTypes) is null)
        {
            return null;
        }

        var bindings = typeof(T).GetProperties()
            .Where(static p => p.CanWrite && p.GetIndexParameters().Length == 0)
            .Select(p => (Property: p, Cell: Cell(statement, columns, p.Name, p.PropertyType, NotNull(new NullabilityInfoContext().Create(p)))))
            .Where(static b => b.Cell is not null)
            .Select(static b => (MemberBinding)Expression.Bind(b.Property, b.Cell!))
            .ToArray();
        return bindings.Length == 0 ? null : Expression.MemberInit(Expression.New(typeof(T)), bindings);
    }

    private static Expression? Cell(ParameterExpression statement, IReadOnlyList<string> columns, string name, Type type, bool notNull)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (Plain(columns[i]).Equals(Plain(name), StringComparison.OrdinalIgnoreCase))
            {
                return CellReader.For(type, notNull)?.Invoke(statement, i, $"{columns[i]} (for {typeof(T).Name}.{name})");
            }
        }

        return null;
    }

    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal);

    private static bool NotNull(NullabilityInfo info) => info.WriteState == NullabilityState.NotNull;
}
