namespace Skerry.Storage.Log;

/// <summary>
/// Where a record stands in a node's log: the segment's number (from 1) and the byte offset in its file. Positions
/// compare in the order of writing. <c>default</c> is "nowhere", before every record.
/// </summary>
public readonly record struct LogPosition(uint Segment, uint Offset) : IComparable<LogPosition>
{
    /// <summary>True for <c>default</c>, which no record has.</summary>
    public bool IsNone => Segment == 0;

    /// <inheritdoc/>
    public int CompareTo(LogPosition other) => ToUInt64().CompareTo(other.ToUInt64());

    /// <summary>The position as one number that sorts the same way.</summary>
    public ulong ToUInt64() => ((ulong)Segment << 32) | Offset;

    /// <summary>The inverse of <see cref="ToUInt64"/>.</summary>
    public static LogPosition FromUInt64(ulong value) => new((uint)(value >> 32), (uint)value);

    /// <inheritdoc/>
    public override string ToString() => $"{Segment:x8}:{Offset:x8}";

    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;
}
