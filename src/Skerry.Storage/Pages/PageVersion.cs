namespace Skerry.Storage.Pages;

/// <summary>
/// One committed content of a page that is not in the database file yet. Versions of a page form a list, newest
/// first, that reaches back to the newest confirmed one: what an abort falls back to.
/// </summary>
internal sealed class PageVersion(ulong transaction, byte[] content, ulong checksum)
{
    public ulong Transaction { get; } = transaction;

    /// <summary>4,096 bytes, or more if the buffer is pooled; the rest is unused.</summary>
    public byte[] Content { get; } = content;

    /// <summary>The LTX page checksum.</summary>
    public ulong Checksum { get; } = checksum;

    public PageVersion? Older { get; set; }
}
