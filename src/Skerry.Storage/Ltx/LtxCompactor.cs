namespace Skerry.Storage.Ltx;

/// <summary>
/// Merges files of consecutive transactions into one that has the same effect: of each page the newest content, and
/// no page that the database lost on the way. Memory use is one page and one read buffer a file.
/// </summary>
public static class LtxCompactor
{
    /// <summary>Merges <paramref name="inputs"/>, oldest first, into <paramref name="output"/>.</summary>
    /// <param name="inputs">Readers at the beginning of their files; they are read to the end and verified.</param>
    /// <param name="output">Receives the file. After an error what is in it is no complete file, and no reader accepts it.</param>
    /// <param name="compression">How pages are stored.</param>
    /// <param name="cancellation">Looked at once a page.</param>
    /// <returns>The trailer of the new file.</returns>
    /// <exception cref="StorageDamagedException">An input is damaged.</exception>
    /// <exception cref="StorageException">Two neighbours do not belong together: transactions are missing or doubled, or checksums or page sizes differ; or files from transaction 1 lack pages.</exception>
    public static LtxTrailer Compact(
        IReadOnlyList<LtxReader> inputs,
        Stream output,
        LtxCompression compression = LtxCompression.Fast,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfZero(inputs.Count);
        CheckHeaders(inputs);
        var (first, last) = (inputs[0].Header, inputs[^1].Header);
        var header = new LtxHeader
        {
            Flags = first.Flags,
            PageSize = first.PageSize,
            Commit = last.Commit,
            MinTxid = first.MinTxid,
            MaxTxid = last.MaxTxid,
            TimestampMs = last.TimestampMs,
            PreApplyChecksum = first.PreApplyChecksum,
        };
        var writer = new LtxWriter(output, header, compression);
        Merge(inputs, header, writer, cancellation);
        CheckChain(inputs);
        return writer.End(inputs[^1].Trailer.PostApplyChecksum);
    }

    private static void Merge(IReadOnlyList<LtxReader> inputs, in LtxHeader header, LtxWriter writer, CancellationToken cancellation)
    {
        var limits = PageLimits(inputs);
        var contents = new byte[inputs.Count][];

        // Ordered by page, and of one page the newest file first.
        var heads = new PriorityQueue<int, ulong>(inputs.Count);
        for (var i = 0; i < inputs.Count; i++)
        {
            contents[i] = new byte[inputs[i].Header.PageSize];
            Advance(i);
        }

        uint written = 0;
        while (heads.TryDequeue(out var input, out var priority))
        {
            cancellation.ThrowIfCancellationRequested();
            var page = (uint)(priority >> 32);
            if (page != written && page <= limits[input])
            {
                if (LtxPageOrder.Check(header, written, page) is { } error)
                {
                    throw Incomplete(inputs, $"after page {written} comes page {page}, and {error}");
                }

                writer.WritePage(page, contents[input]);
                written = page;
            }

            Advance(input);
        }

        if (LtxPageOrder.CheckEnd(header, written) is { } missing)
        {
            throw Incomplete(inputs, missing);
        }

        void Advance(int input)
        {
            if (inputs[input].ReadPage(contents[input], out var page))
            {
                heads.Enqueue(input, ((ulong)page << 32) | (uint)(inputs.Count - input));
            }
        }
    }

    // A page of a file survives only if the database was never smaller afterwards, even if it has grown again since.
    private static uint[] PageLimits(IReadOnlyList<LtxReader> inputs)
    {
        var limits = new uint[inputs.Count];
        var limit = uint.MaxValue;
        for (var i = inputs.Count - 1; i >= 0; i--)
        {
            limits[i] = limit = Math.Min(limit, inputs[i].Header.Commit);
        }

        return limits;
    }

    private static void CheckHeaders(IReadOnlyList<LtxReader> inputs)
    {
        for (var i = 1; i < inputs.Count; i++)
        {
            var (before, after) = (inputs[i - 1].Header, inputs[i].Header);
            if (after.MinTxid - 1 != before.MaxTxid)
            {
                throw Mismatch(inputs, i, $"transactions {before.MinTxid} to {before.MaxTxid} are followed by {after.MinTxid} to {after.MaxTxid}");
            }

            if (after.PageSize != before.PageSize || after.Flags != before.Flags)
            {
                throw Mismatch(inputs, i, "their page sizes or flags differ");
            }
        }
    }

    private static void CheckChain(IReadOnlyList<LtxReader> inputs)
    {
        for (var i = 1; i < inputs.Count; i++)
        {
            var (before, after) = (inputs[i - 1].Trailer.PostApplyChecksum, inputs[i].Header.PreApplyChecksum);
            if (before != after)
            {
                throw Mismatch(inputs, i, $"the database has the checksum {before:x16} after the first and {after:x16} before the second");
            }
        }
    }

    private static StorageException Incomplete(IReadOnlyList<LtxReader> inputs, string what) =>
        new($"{inputs[0].Path} to {inputs[^1].Path} do not make a whole database: {what}. One of the files lacks pages that its transaction wrote.");

    private static StorageException Mismatch(IReadOnlyList<LtxReader> inputs, int second, string what) =>
        new($"{inputs[second - 1].Path} and {inputs[second].Path} cannot be merged: {what}. Pass every file of a range once, oldest first.");
}
