using Skerry.Storage.Ltx;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Pages;

/// <summary>The checksums of a database's pages and their rolling sum, as LTX defines it.</summary>
internal sealed class PageChecksums
{
    private ulong[] _sums;

    public PageChecksums(ulong[] sums, uint count)
    {
        _sums = sums;
        Count = count;
        if (_sums.Length < count)
        {
            Array.Resize(ref _sums, (int)count);
        }
    }

    /// <summary>The page at 1 GiB that SQLite uses for locks: never written, in no LTX file, in no checksum.</summary>
    public const uint LockPage = (0x40000000 / IPageFile.PageSize) + 1;

    public uint Count { get; private set; }

    /// <summary>How many pages of a database of <paramref name="count"/> pages carry content: all but the lock page.</summary>
    public static long StoredPages(uint count) => count - (count >= LockPage ? 1 : 0);

    /// <summary>The checksum of a page, from 1.</summary>
    public ulong this[uint page]
    {
        get => _sums[page - 1];
        set => _sums[page - 1] = value;
    }

    public void Resize(uint count)
    {
        if (count > _sums.Length)
        {
            Array.Resize(ref _sums, (int)Math.Max(count, Math.Min((long)_sums.Length * 2, Array.MaxLength)));
        }

        if (count < Count)
        {
            Array.Clear(_sums, (int)count, (int)(Count - count));
        }

        Count = count;
    }

    public ulong Combine() => Combine(_sums.AsSpan(0, (int)Count));

    /// <summary>XOR of all, with the flag that every LTX checksum carries. A missing page has sum 0.</summary>
    public static ulong Combine(ReadOnlySpan<ulong> sums)
    {
        var result = 0UL;
        foreach (var sum in sums)
        {
            result ^= sum;
        }

        return result | LtxChecksum.Flag;
    }
}
