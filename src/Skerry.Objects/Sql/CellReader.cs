using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>Reads one cell as one CLR type; what <see cref="RowMapper{T}"/> compiles its calls to.</summary>
internal static class CellReader
{
    private static readonly Dictionary<Type, MethodInfo> Readers = typeof(CellReader)
        .GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
        .Where(static m => m.Name.StartsWith("Read", StringComparison.Ordinal))
        .ToDictionary(static m => m.ReturnType);

    /// <summary>Makes the expression that reads a cell; null for types that are not plain values.</summary>
    public static Func<ParameterExpression, int, string, Expression>? For(Type type, bool notNull)
    {
        var plain = Nullable.GetUnderlyingType(type);
        var target = plain ?? type;
        if (!Readers.TryGetValue(target.IsEnum ? Enum.GetUnderlyingType(target) : target, out var method))
        {
            return null;
        }

        var mayBeNull = plain is not null || (!type.IsValueType && !notNull);
        return (statement, column, name) =>
        {
            Expression read = Expression.Call(method, statement, Expression.Constant(column), Expression.Constant(name));
            read = read.Type == type ? read : Expression.Convert(read, type);
            return mayBeNull
                ? Expression.Condition(
                    Expression.Call(statement, nameof(SqliteStatement.IsNull), null, Expression.Constant(column)), Expression.Default(type), read)
                : read;
        };
    }

    // SQLite would make an integer of everything, and cut fractions off without a word.
    private static long ReadInt64(SqliteStatement s, int column, string name) =>
        s.TypeOf(column) == (int)SqlType.Integer ? s.GetInt64(column) : WholeNumber(s, column, name);

    private static long WholeNumber(SqliteStatement s, int column, string name)
    {
        // A column of type REAL holds whole numbers as 3.0.
        return s.TypeOf(column) == (int)SqlType.Real && s.GetDouble(column) is var value && double.IsInteger(value) && Math.Abs(value) <= 1L << 53
            ? (long)value
            : throw Wrong(s, column, name, "an integer");
    }

    private static int ReadInt32(SqliteStatement s, int column, string name) => Narrow<int>(s, column, name);

    private static short ReadInt16(SqliteStatement s, int column, string name) => Narrow<short>(s, column, name);

    private static byte ReadByte(SqliteStatement s, int column, string name) => Narrow<byte>(s, column, name);

    private static uint ReadUInt32(SqliteStatement s, int column, string name) => Narrow<uint>(s, column, name);

    private static ushort ReadUInt16(SqliteStatement s, int column, string name) => Narrow<ushort>(s, column, name);

    private static sbyte ReadSByte(SqliteStatement s, int column, string name) => Narrow<sbyte>(s, column, name);

    private static T Narrow<T>(SqliteStatement s, int column, string name)
        where T : System.Numerics.INumberBase<T>
    {
        var value = ReadInt64(s, column, name);
        try
        {
            return T.CreateChecked(value);
        }
        catch (OverflowException e)
        {
            throw new InvalidOperationException($"Column {name} holds {value}, which does not fit {typeof(T).Name}; use long.", e);
        }
    }

    private static bool ReadBoolean(SqliteStatement s, int column, string name) => ReadInt64(s, column, name) != 0;

    private static double ReadDouble(SqliteStatement s, int column, string name)
    {
        return s.TypeOf(column) is (int)SqlType.Integer or (int)SqlType.Real ? s.GetDouble(column) : throw Wrong(s, column, name, "a number");
    }

    private static float ReadSingle(SqliteStatement s, int column, string name) => (float)ReadDouble(s, column, name);

    private static string ReadString(SqliteStatement s, int column, string name)
    {
        var value = s.GetString(column);
        return value.Length > 0 || !s.IsNull(column) ? value : throw Wrong(s, column, name, "a text");
    }

    private static byte[] ReadBytes(SqliteStatement s, int column, string name) =>
        s.IsNull(column) ? throw Wrong(s, column, name, "a blob") : s.GetBlob(column).ToArray();

    private static DateTimeOffset ReadDateTimeOffset(SqliteStatement s, int column, string name) =>
        s.TypeOf(column) == (int)SqlType.Text
            ? DateTimeOffset.Parse(s.GetString(column), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
            : DateTimeOffset.FromUnixTimeMilliseconds(ReadInt64(s, column, name));

    private static Guid ReadGuid(SqliteStatement s, int column, string name) =>
        Guid.TryParse(s.GetUtf8(column), CultureInfo.InvariantCulture, out var value) ? value : throw Wrong(s, column, name, "a GUID in text");

    private static SqlValue ReadValue(SqliteStatement s, int column, string name) => SqlValue.Read(s, column);

    private static InvalidOperationException Wrong(SqliteStatement s, int column, string name, string wanted)
    {
        var type = s.IsNull(column) ? "NULL" : ((SqlType)s.TypeOf(column)).ToString();
        return new($"Column {name} is {type}, but {wanted} is needed: make the type nullable, or let the query return something else.");
    }
}
