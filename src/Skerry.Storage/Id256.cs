using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skerry.Storage;

/// <summary>A 256-bit identifier, shown as 64 lower-case hexadecimal digits. Immutable, compared bytewise.</summary>
[InlineArray(Size)]
public struct Id256 : IEquatable<Id256>, IComparable<Id256>
{
    /// <summary>The length in bytes.</summary>
    public const int Size = 32;

    private byte _first;

    /// <summary>Copies an id from its 32 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 32 bytes long.</exception>
    public Id256(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"An id is {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        bytes.CopyTo(this);
    }

    /// <summary>The bytes of <paramref name="id"/>, valid as long as the variable it refers to.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => MemoryMarshal.CreateReadOnlySpan(in _first, Size);

    /// <summary>Parses exactly 64 hexadecimal digits of either case; answers false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out Id256 id)
    {
        id = default;
        return hex.Length == Size * 2
            && Convert.FromHexString(hex, id, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == Size;
    }

    /// <inheritdoc/>
    public readonly bool Equals(Id256 other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Id256 other && Equals(other);

    // Ids are hashes or random, so any four bytes of them are a good hash code; the first one may hold a jurisdiction.
    /// <inheritdoc/>
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(Bytes[4..]);

    /// <inheritdoc/>
    public readonly int CompareTo(Id256 other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <inheritdoc/>
    public override readonly string ToString() => Convert.ToHexStringLower(Bytes);

    public static bool operator ==(Id256 left, Id256 right) => left.Equals(right);

    public static bool operator !=(Id256 left, Id256 right) => !left.Equals(right);

    public static bool operator <(Id256 left, Id256 right) => left.CompareTo(right) < 0;

    public static bool operator >(Id256 left, Id256 right) => left.CompareTo(right) > 0;

    public static bool operator <=(Id256 left, Id256 right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Id256 left, Id256 right) => left.CompareTo(right) >= 0;
}
