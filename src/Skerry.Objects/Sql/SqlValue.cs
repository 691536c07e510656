using System.Globalization;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>
/// A value to bind, or one that was read: NULL, a 64-bit integer, a double, a text or a blob. Converts from the CLR
/// types by itself; nothing is boxed.
/// </summary>
/// <remarks>
/// <see cref="bool"/> is stored as 0 or 1, <see cref="DateTimeOffset"/> as Unix milliseconds, <see cref="Guid"/> as its
/// text in lower case with dashes, an enum by its number.
/// </remarks>
public readonly struct SqlValue : IEquatable<SqlValue>
{
    private readonly long _bits;
    private readonly object? _reference;
    private readonly ReadOnlyMemory<byte> _blob;

    private SqlValue(SqlType type, long bits, object? reference, ReadOnlyMemory<byte> blob = default)
    {
        Type = type;
        _bits = bits;
        _reference = reference;
        _blob = blob;
    }

    /// <summary>NULL.</summary>
    public static SqlValue Null => default;

    /// <summary>What it is.</summary>
    public SqlType Type { get; }

    /// <summary>True for NULL.</summary>
    public bool IsNull => Type == SqlType.Null;

    public static implicit operator SqlValue(long value) => new(SqlType.Integer, value, null);

    public static implicit operator SqlValue(int value) => new(SqlType.Integer, value, null);

    public static implicit operator SqlValue(bool value) => new(SqlType.Integer, value ? 1 : 0, null);

    public static implicit operator SqlValue(double value) => new(SqlType.Real, BitConverter.DoubleToInt64Bits(value), null);

    public static implicit operator SqlValue(string? value) => value is null ? default : new(SqlType.Text, 0, value);

    public static implicit operator SqlValue(byte[]? value) => value is null ? default : new(SqlType.Blob, 0, null, value);

    public static implicit operator SqlValue(ReadOnlyMemory<byte> value) => new(SqlType.Blob, 0, null, value);

    public static implicit operator SqlValue(DateTimeOffset value) => value.ToUnixTimeMilliseconds();

    public static implicit operator SqlValue(Guid value) => value.ToString();

    public static implicit operator SqlValue(Enum value) => Convert.ToInt64(value, CultureInfo.InvariantCulture);

    public static implicit operator SqlValue(long? value) => value is { } v ? v : default(SqlValue);

    public static implicit operator SqlValue(int? value) => value is { } v ? v : default(SqlValue);

    public static implicit operator SqlValue(bool? value) => value is { } v ? v : default(SqlValue);

    public static implicit operator SqlValue(double? value) => value is { } v ? v : default(SqlValue);

    public static implicit operator SqlValue(DateTimeOffset? value) => value is { } v ? v : default(SqlValue);

    /// <summary>The integer. Exact to 64 bits.</summary>
    /// <exception cref="InvalidCastException">It is something else.</exception>
    public long AsInt64() => Type == SqlType.Integer ? _bits : throw Wrong("an integer");

    /// <summary>The number; an integer is converted.</summary>
    /// <exception cref="InvalidCastException">It is something else.</exception>
    public double AsDouble() => Type switch
    {
        SqlType.Real => BitConverter.Int64BitsToDouble(_bits),
        SqlType.Integer => _bits,
        _ => throw Wrong("a number"),
    };

    /// <summary>The text; null for NULL.</summary>
    /// <exception cref="InvalidCastException">It is something else.</exception>
    public string? AsString() => Type switch
    {
        SqlType.Text => (string)_reference!,
        SqlType.Null => null,
        _ => throw Wrong("a text"),
    };

    /// <summary>The bytes; empty for NULL.</summary>
    /// <exception cref="InvalidCastException">It is something else.</exception>
    public ReadOnlyMemory<byte> AsBlob() => Type is SqlType.Blob or SqlType.Null ? _blob : throw Wrong("a blob");

    private InvalidCastException Wrong(string wanted) => new($"The value is {Type}, not {wanted}.");

    internal void BindTo(SqliteStatement statement, int index)
    {
        switch (Type)
        {
            case SqlType.Integer:
                statement.Bind(index, _bits);
                break;
            case SqlType.Text:
                statement.Bind(index, ((string)_reference!).AsSpan());
                break;
            case SqlType.Real:
                statement.Bind(index, BitConverter.Int64BitsToDouble(_bits));
                break;
            case SqlType.Blob:
                statement.Bind(index, _blob.Span);
                break;
            default:
                statement.BindNull(index);
                break;
        }
    }

    internal static SqlValue Read(SqliteStatement statement, int column) => (SqlType)statement.TypeOf(column) switch
    {
        SqlType.Integer => statement.GetInt64(column),
        SqlType.Real => statement.GetDouble(column),
        SqlType.Text => statement.GetString(column),
        SqlType.Blob => statement.GetBlob(column).ToArray(),
        _ => default,
    };

    /// <inheritdoc/>
    public bool Equals(SqlValue other) =>
        Type == other.Type && _bits == other._bits && Equals(_reference, other._reference)
        && _blob.Span.SequenceEqual(other._blob.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SqlValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, _bits, _reference, _blob.Length);

    /// <inheritdoc/>
    public override string ToString() => Type switch
    {
        SqlType.Integer => _bits.ToString(CultureInfo.InvariantCulture),
        SqlType.Real => AsDouble().ToString("R", CultureInfo.InvariantCulture),
        SqlType.Text => (string)_reference!,
        SqlType.Blob => $"x'{Convert.ToHexStringLower(_blob.Span)}'",
        _ => "NULL",
    };

    public static bool operator ==(SqlValue left, SqlValue right) => left.Equals(right);

    public static bool operator !=(SqlValue left, SqlValue right) => !left.Equals(right);
}
