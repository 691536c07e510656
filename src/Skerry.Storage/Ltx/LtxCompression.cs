namespace Skerry.Storage.Ltx;

/// <summary>How an encoder makes LZ4 blocks of pages. Every reader reads both.</summary>
public enum LtxCompression
{
    /// <summary>LZ4 at its fastest level: 1.4 to 8 µs a page of 4 KiB, and typically half the size or less.</summary>
    Fast,

    /// <summary>A block of one literal run, which is 18 bytes longer than a page of 4 KiB and takes as long as copying it.</summary>
    Stored,
}
