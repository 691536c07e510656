using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Ltx;

/// <summary>A database as a dictionary of pages, and the files of its transactions: the naive model of applying files.</summary>
internal sealed class DatabaseHistory
{
    /// <summary>One file a transaction, from transaction 1.</summary>
    public byte[][] Files { get; }

    /// <summary>The database before the first transaction, after it, after the second, and so on.</summary>
    public List<Dictionary<uint, byte[]>> States { get; } = [[]];

    /// <summary>The checksums of <see cref="States"/>.</summary>
    public List<ulong> Checksums { get; } = [LtxChecksum.Empty];

    public DatabaseHistory((uint Commit, (uint Page, byte Fill)[] Writes)[] transactions) =>
        Files = [.. transactions.Select((t, i) => Commit((ulong)i + 1, t.Commit, t.Writes))];

    private byte[] Commit(ulong txid, uint commit, (uint Page, byte Fill)[] writes)
    {
        // Pages that the database grows by are written, as SQLite does.
        var before = States[^1];
        var written = new SortedDictionary<uint, byte[]>();
        for (uint page = 1; page <= commit; page++)
        {
            if (!before.ContainsKey(page))
            {
                written[page] = LtxSamples.Filled(0, (byte)txid, (byte)page);
            }
        }

        foreach (var (page, fill) in writes.Where(w => w.Page <= commit))
        {
            written[page] = LtxSamples.Filled(fill, (byte)txid);
        }

        var after = before.Where(p => p.Key <= commit).ToDictionary();
        foreach (var (page, content) in written)
        {
            after[page] = content;
        }

        var checksum = after.Aggregate(LtxChecksum.Empty, (sum, p) => LtxChecksum.Toggle(sum, LtxChecksum.OfPage(p.Key, p.Value)));
        var header = new LtxHeader
        {
            PageSize = LtxSamples.PageSize,
            Commit = commit,
            MinTxid = txid,
            MaxTxid = txid,
            TimestampMs = (long)txid * 10,
            PreApplyChecksum = txid == 1 ? 0 : Checksums[^1],
        };
        States.Add(after);
        Checksums.Add(checksum);
        return LtxSamples.Encode(header, checksum, [.. written.Select(p => (p.Key, p.Value))]);
    }
}
