using System.Buffers;
using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;
using Skerry.Storage.Pages;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Archive;

/// <summary>An object's database as seeds of pages, and the records of its transactions: the naive model of history.</summary>
internal sealed class ModelObject(ObjectKey key, bool compressible = false)
{
    private readonly bool _compressible = compressible;
    private readonly Dictionary<int, byte[]> _contents = [];

    public ObjectKey Key { get; } = key;

    /// <summary>The seed of each page after transaction 0, 1, 2 …</summary>
    public List<int[]> States { get; } = [[]];

    /// <summary>The record of each transaction that counts; the first is none.</summary>
    public List<ArchivedRecord> Records { get; } = [default];

    public ulong Epoch { get; private set; } = 1 << 20;

    public ulong Newest => (ulong)States.Count - 1;

    public static ObjectKey NewKey(int number, string name = "model") =>
        new(name, new Id256([.. Enumerable.Range(0, 32).Select(i => (byte)(number * (i + 3)))]));

    /// <summary>The next transaction: writes some pages, or cuts some off.</summary>
    public ArchivedRecord Commit(Random random, ulong sequence, long timeMs, int pagesMax, int writesMax = 4)
    {
        var pages = States[^1].ToArray();
        HashSet<int> written = [];
        if (pages.Length > 2 && random.Next(6) == 0)
        {
            Array.Resize(ref pages, random.Next(1, pages.Length));
        }

        for (var writes = random.Next(1, writesMax); writes > 0; writes--)
        {
            var page = random.Next(pagesMax);
            for (var grown = pages.Length; grown < page; grown++)
            {
                written.Add(grown);
            }

            if (page >= pages.Length)
            {
                Array.Resize(ref pages, page + 1);
            }

            pages[page] = random.Next(1, int.MaxValue);
            written.Add(page);
        }

        written.RemoveWhere(p => p >= pages.Length);
        return Commit(pages, written, sequence, timeMs, alarmMs: random.Next(3) == 0 ? timeMs + random.Next(1000) : 0);
    }

    /// <summary>The next transaction, with given pages.</summary>
    public ArchivedRecord Commit(int[] pages, IEnumerable<int> written, ulong sequence, long timeMs, long alarmMs = 0)
    {
        var output = new ArrayBufferWriter<byte>();
        var encoder = new LtxEncoder();
        encoder.Begin(output, new LtxHeader
        {
            PageSize = IPageFile.PageSize,
            Commit = (uint)pages.Length,
            MinTxid = Newest + 1,
            MaxTxid = Newest + 1,
            TimestampMs = timeMs,
            PreApplyChecksum = Newest == 0 ? 0 : Checksum(States[^1]),
        });
        foreach (var page in written.Order())
        {
            encoder.AddPage((uint)page + 1, Content(pages[page]));
        }

        encoder.End(Checksum(pages));
        States.Add(pages);
        var record = new ArchivedRecord(Key, Epoch, Newest, sequence, alarmMs, timeMs, output.WrittenMemory.ToArray());
        Records.Add(record);
        return record;
    }

    /// <summary>Another activation goes on from an earlier transaction: the later ones never were confirmed.</summary>
    public void GoOnFrom(ulong txid, ulong epoch)
    {
        States.RemoveRange((int)txid + 1, States.Count - (int)txid - 1);
        Records.RemoveRange((int)txid + 1, Records.Count - (int)txid - 1);
        Epoch = epoch;
    }

    public PageState StateOf(ulong txid) => txid == 0
        ? default
        : new(txid, Records[(int)txid].Epoch, (uint)States[(int)txid].Length, Checksum(States[(int)txid]), Records[(int)txid].TimestampMs, Records[(int)txid].AlarmMs);

    /// <summary>Fails unless the archive restores exactly the state after a transaction.</summary>
    public async Task CheckAsync(ObjectArchive archive, ulong txid)
    {
        var sink = new MemorySink();
        Assert.Equal(StateOf(txid), await archive.RestoreAsync(txid, sink, CancellationToken.None));
        Check(sink, txid);
    }

    public void Check(MemorySink sink, ulong txid)
    {
        var pages = States[(int)txid];
        Assert.Equal((uint)pages.Length, sink.State.PageCount);
        Assert.Equal(pages.Length, sink.Pages.Count);
        for (var page = 0; page < pages.Length; page++)
        {
            Assert.True(sink.Pages[(uint)page + 1].AsSpan().SequenceEqual(Content(pages[page])), $"page {page + 1} is not what transaction {txid} left");
        }
    }

    public ulong Checksum(int[] pages)
    {
        var sum = LtxChecksum.Empty;
        for (var page = 0; page < pages.Length; page++)
        {
            sum = LtxChecksum.Toggle(sum, LtxChecksum.OfPage((uint)page + 1, Content(pages[page])));
        }

        return sum;
    }

    public byte[] Content(int seed)
    {
        if (_contents.TryGetValue(seed, out var known))
        {
            return known;
        }

        var content = new byte[IPageFile.PageSize];
        if (seed != 0)
        {
            new Random(seed).NextBytes(content.AsSpan(0, _compressible ? 64 : content.Length));
        }

        _contents.Add(seed, content);
        return content;
    }
}
