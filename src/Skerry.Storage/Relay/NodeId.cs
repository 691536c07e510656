using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Skerry.Storage.Relay;

/// <summary>Names a node: made with its data folder, and never again. 128 bits, shown as 32 hexadecimal digits.</summary>
public readonly record struct NodeId(UInt128 Value) : IComparable<NodeId>
{
    /// <summary>Parses 32 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NodeId id)
    {
        var ok = UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && text!.Length == 32;
        id = ok ? new NodeId(value) : default;
        return ok;
    }

    /// <inheritdoc/>
    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
