using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Skerry.Storage.Relay;

/// <summary>Names a session: one run of a node, from start to stop. Random; 128 bits, shown as 32 hexadecimal digits.</summary>
public readonly record struct SessionId(UInt128 Value) : IComparable<SessionId>
{
    /// <summary>Parses 32 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SessionId id)
    {
        var ok = UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && text!.Length == 32;
        id = ok ? new SessionId(value) : default;
        return ok;
    }

    /// <inheritdoc/>
    public int CompareTo(SessionId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
