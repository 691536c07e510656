namespace Skerry.Storage.Ltx;

/// <summary>Unsigned integers of seven bits a byte, least significant first, as Go's <c>encoding/binary</c> writes them.</summary>
internal static class Uvarint
{
    public const int MaxSize = 10;

    /// <summary>Writes <paramref name="value"/> and answers how many bytes it took.</summary>
    public static int Write(Span<byte> bytes, ulong value)
    {
        var count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            bytes[count++] = (byte)(value | 0x80);
        }

        bytes[count++] = (byte)value;
        return count;
    }

    /// <summary>Takes a number off the front of <paramref name="bytes"/>; false if it is cut off or does not fit 64 bits.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < MaxSize; i++)
        {
            var part = bytes[i];
            if (i == MaxSize - 1 && part > 1)
            {
                return false;
            }

            value |= (ulong)(part & 0x7f) << (7 * i);
            if (part < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
