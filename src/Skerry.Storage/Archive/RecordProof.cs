using Skerry.Storage.Ltx;

namespace Skerry.Storage.Archive;

/// <summary>Proves that the LTX file in a batch file is whole, and the one that the index speaks of.</summary>
internal static class RecordProof
{
    /// <summary>Checks one record whole.</summary>
    /// <exception cref="StorageDamagedException">It is damaged; the error names the batch file and the byte in it.</exception>
    public static void Check(string file, in BatchEntry entry, ReadOnlyMemory<byte> ltx)
    {
        try
        {
            var reader = new LtxReader(file, ltx);
            CheckHeader(file, entry, reader);
            reader.Verify();
            CheckTrailer(file, entry, reader);
        }
        catch (StorageDamagedException e)
        {
            throw At(file, entry, e);
        }
    }

    /// <summary>A record's header must be what the index says of it.</summary>
    public static void CheckHeader(string file, in BatchEntry entry, LtxReader reader)
    {
        var header = reader.Header;
        if (header.MinTxid != entry.Txid || header.MaxTxid != entry.Txid
            || header.Commit != entry.PageCount || header.PreApplyChecksum != entry.PreApplyChecksum)
        {
            throw new StorageDamagedException(file, 0, $"there are transactions {header.MinTxid} to {header.MaxTxid}, and the index says {entry.Txid}");
        }
    }

    /// <summary>A record's end must be what the index says of it.</summary>
    public static void CheckTrailer(string file, in BatchEntry entry, LtxReader reader)
    {
        if (reader.Trailer.PostApplyChecksum != entry.PostApplyChecksum)
        {
            throw new StorageDamagedException(file, entry.Length - LtxTrailer.Size, $"transaction {entry.Txid} ends with another checksum than the index says");
        }
    }

    /// <summary>The error of a record, told of the file that it is in.</summary>
    public static StorageDamagedException At(string file, in BatchEntry entry, StorageDamagedException error) =>
        new(file, entry.Offset + error.Offset, error.What);
}
