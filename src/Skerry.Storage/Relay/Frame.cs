namespace Skerry.Storage.Relay;

/// <summary>
/// A run of consecutive records exactly as the leader wrote them to its spool: the body of one batch of its log. Records
/// are read from it with the segment's salt and the batch's place, which their checksums cover.
/// </summary>
/// <param name="First">The first record's sequence.</param>
/// <param name="Last">The last record's sequence.</param>
/// <param name="Salt">The seed of the checksums: that of the spool's segment.</param>
/// <param name="Segment">The spool's segment; records' positions carry it.</param>
/// <param name="Offset">Where the batch's first record stands in the segment.</param>
/// <param name="Body">The records.</param>
public readonly record struct Frame(ulong First, ulong Last, ulong Salt, uint Segment, uint Offset, ReadOnlyMemory<byte> Body);
