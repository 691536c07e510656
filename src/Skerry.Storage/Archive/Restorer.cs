using Skerry.Storage.Buckets;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Archive;

/// <summary>
/// Puts one state of a database together: files are read newest first, the first content seen of a page is the one that
/// counts, and at the end the pages' checksums must add up to the state's. Every LTX file that is read is proven.
/// Memory use is what is read ahead and a bit a page.
/// </summary>
internal sealed class Restorer
{
    private readonly IBucket _bucket;
    private readonly PageState _target;
    private readonly IPageSink _sink;
    private readonly byte[] _content = new byte[IPageFile.PageSize];
    private readonly ulong[] _written;
    private long _missing;
    private ulong _sum;

    // A page of a file counts only if the database was never smaller afterwards, even if it has grown again since.
    private uint _limit;

    public Restorer(IBucket bucket, in PageState target, IPageSink sink)
    {
        _bucket = bucket;
        _target = target;
        _sink = sink;
        _limit = target.PageCount;
        _missing = PageChecksums.StoredPages(target.PageCount);
        _written = new ulong[(target.PageCount / 64) + 1];
        sink.Begin(target);
    }

    /// <summary>Takes the records of links, newest first.</summary>
    public async Task TakeAsync(IReadOnlyList<BundledEntry> records, CancellationToken cancel)
    {
        var at = 0;
        await foreach (var ltx in RecordFetcher.ReadAsync(_bucket, [.. records.Select(static r => RecordAt.Of(r.File, r.Entry))], cancel))
        {
            Take(records[at++], ltx);
            if (_missing == 0)
            {
                break;
            }
        }
    }

    private void Take(in BundledEntry record, ReadOnlyMemory<byte> ltx)
    {
        var (file, entry) = record;
        try
        {
            var reader = new LtxReader(file, ltx);
            RecordProof.CheckHeader(file, entry, reader);
            _limit = Math.Min(_limit, reader.Header.Commit);
            while (reader.ReadPage(_content, out var page))
            {
                Take(page, _content);
            }

            RecordProof.CheckTrailer(file, entry, reader);
        }
        catch (StorageDamagedException e)
        {
            throw RecordProof.At(file, entry, e);
        }
    }

    /// <summary>Takes the snapshot that everything else was made on.</summary>
    public async Task TakeAsync(SnapshotObject snapshot, CancellationToken cancel)
    {
        if (_missing > 0)
        {
            await SnapshotFile.ReadAsync(_bucket, snapshot, Take, cancel);
        }
    }

    private void Take(uint page, ReadOnlySpan<byte> content)
    {
        var (word, bit) = (page / 64, 1UL << (int)(page % 64));
        if (page > _limit || (_written[word] & bit) != 0)
        {
            return;
        }

        _written[word] |= bit;
        _missing--;
        var checksum = LtxChecksum.OfPage(page, content);
        _sum ^= checksum;
        _sink.Write(page, content, checksum);
    }

    /// <summary>Proves that the pages are the whole state.</summary>
    /// <param name="key">The object, for the error.</param>
    /// <exception cref="StorageDamagedException">They are not.</exception>
    public void Check(ObjectKey key)
    {
        if (_missing > 0)
        {
            throw new StorageDamagedException($"The history of {key}", 0, $"its files lack {_missing} of {_target.PageCount} pages of transaction {_target.Transaction}");
        }

        if ((_sum | LtxChecksum.Flag) != _target.Checksum)
        {
            throw new StorageDamagedException($"The history of {key}", 0, $"its files do not add up to transaction {_target.Transaction}");
        }
    }
}
