using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Archive;

/// <summary>The same over a real bucket, on real threads.</summary>
public sealed class ArchiveOnDiskTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-archive-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Objects_are_uploaded_promoted_compacted_and_restored_over_a_folder()
    {
        using var bucket = Open();
        var options = new UploadOptions
        {
            BatchWindow = TimeSpan.FromMilliseconds(20),
            GatherInterval = TimeSpan.FromMilliseconds(5),
            OwnFileBytes = 20_000,
            PromoteBytes = 10_000,
            SnapshotBytesMin = 20_000,
            ScratchFolder = _folder.FullName,
        };
        var models = Enumerable.Range(1, 5).Select(static i => new ModelObject(ModelObject.NewKey(i))).ToArray();
        for (var session = 1; session <= 3; session++)
        {
            var (log, bundles) = (new ModelLog(), new SessionBundles(new SessionId((UInt128)session)));
            var uploader = new Uploader(bucket, bundles, log, options, TimeProvider.System, NullLogger.Instance);
            using var stop = new CancellationTokenSource();
            var running = uploader.RunAsync(stop.Token);
            var random = new Random(session);
            for (var i = 0; i < 120; i++)
            {
                var model = models[random.Next(models.Length)];
                log.Append(model.Commit(random, log.Next(), i, pagesMax: 10));
                log.Confirm();
                if (i % 10 == 0)
                {
                    await uploader.FlushAsync(i % 20 == 0 ? model.Key : null, CancellationToken.None);
                }
            }

            await Task.WhenAll(models.Select(m => uploader.FlushAsync(m.Key, CancellationToken.None)));
            Assert.Equal(120UL, uploader.UploadedSequence);
            Assert.Null(uploader.Trouble);
            await stop.CancelAsync();
            await running;
            foreach (var model in models)
            {
                var archive = await ObjectArchive.OpenAsync(bucket, model.Key, null, CancellationToken.None);
                for (ulong txid = 0; txid <= model.Newest; txid += 3)
                {
                    await model.CheckAsync(archive, txid);
                }

                await model.CheckAsync(archive, model.Newest);
                Assert.Empty((await ArchiveVerifier.VerifyAsync(bucket, model.Key, null, CancellationToken.None)).Damage);
            }
        }
    }

    // 100 MB as a snapshot and as much log again: each page is read twice at most, and little of it is in memory at once.
    [Fact]
    public async Task A_large_object_is_restored_reading_at_most_twice_its_size_in_little_memory()
    {
        const int pageCount = 25_600;
        using var bucket = Open();
        var meter = new BucketMeter(bucket);
        var model = new ModelObject(ModelObject.NewKey(1));
        var log = new List<ArchivedRecord>();
        var pages = new int[pageCount];
        Array.Fill(pages, 1);
        log.Add(model.Commit([.. pages], Enumerable.Range(0, pageCount), 1, 1));
        await Promotion.WriteAsync(meter, model.Key, log, CancellationToken.None);
        await SnapshotMaker.MakeAsync(
            meter, await ObjectArchive.OpenAsync(meter, model.Key, null, CancellationToken.None), 1, _folder.FullName, CancellationToken.None);

        const int perTransaction = 512;
        for (var i = 0; i < pageCount / perTransaction; i++)
        {
            log.Clear();
            var written = Enumerable.Range(0, perTransaction).Select(p => ((p * 37) + (i * perTransaction)) % pageCount).Distinct().ToArray();
            foreach (var page in written)
            {
                pages[page] = 2 + (i % 5);
            }

            log.Add(model.Commit([.. pages], written, (ulong)i + 2, i + 2));
            await Promotion.WriteAsync(meter, model.Key, log, CancellationToken.None);
        }

        var chosen = model.Newest - 7;
        var target = Path.Combine(_folder.FullName, "restored.sqlite");
        var before = meter.Use.GetBytes;
        var memory = new PeakMemory();
        var archive = await ObjectArchive.OpenAsync(meter, model.Key, null, CancellationToken.None);
        await archive.ExportAsync(chosen, target, CancellationToken.None);
        var peak = await memory.StopAsync();
        Assert.InRange(meter.Use.GetBytes - before, 1, 2L * pageCount * IPageFile.PageSize);
        Assert.InRange(peak, 0, 150L << 20);

        var content = new byte[IPageFile.PageSize];
        using var file = File.OpenRead(target);
        Assert.Equal((long)pageCount * IPageFile.PageSize, file.Length);
        foreach (var seed in model.States[(int)chosen])
        {
            file.ReadExactly(content);
            Assert.True(content.AsSpan().SequenceEqual(model.Content(seed)));
        }
    }

    [Fact]
    public async Task The_lock_page_of_a_database_over_1_GiB_is_in_no_file_and_a_hole_in_the_restored_one()
    {
        const uint pageCount = (0x40000000 / IPageFile.PageSize) + 3;
        using var bucket = Open();
        var key = ModelObject.NewKey(1);
        var file = await SparseSnapshotAsync(bucket, key, pageCount);
        var archive = await ObjectArchive.OpenAsync(bucket, key, null, CancellationToken.None);
        Assert.Equal(pageCount, archive.Newest.PageCount);
        var target = Path.Combine(_folder.FullName, "restored.sqlite");
        await archive.ExportAsync(archive.Newest.Transaction, target, CancellationToken.None);
        Assert.Equal((long)pageCount * IPageFile.PageSize, new FileInfo(target).Length);
        Assert.Empty((await ArchiveVerifier.VerifyAsync(bucket, key, null, CancellationToken.None)).Damage);
        Assert.True(file < 100 << 20);
    }

    // Pages of zeros but for the first: a database of that size in a small file.
    private async Task<long> SparseSnapshotAsync(IBucket bucket, ObjectKey key, uint pageCount)
    {
        var path = Path.Combine(_folder.FullName, "snapshot.tmp");
        using var stream = new FileStream(path, FileMode.Create, FileAccess.ReadWrite);
        var header = new Storage.Ltx.LtxHeader { PageSize = IPageFile.PageSize, Commit = pageCount, MinTxid = 1, MaxTxid = 5, TimestampMs = 9 };
        var writer = new Storage.Ltx.LtxWriter(stream, header);
        var (content, sum) = (new byte[IPageFile.PageSize], Storage.Ltx.LtxChecksum.Empty);
        for (uint page = 1; page <= pageCount; page++)
        {
            if (page != header.LockPage)
            {
                writer.WritePage(page, content);
                sum = Storage.Ltx.LtxChecksum.Toggle(sum, Storage.Ltx.LtxChecksum.OfPage(page, content));
            }
        }

        writer.End(sum);
        stream.Position = 0;
        await bucket.PutStreamAsync(BucketKeys.Snapshot(key, 5, 1, 0), stream, CancellationToken.None);
        return stream.Length;
    }

    private FileBucket Open() => FileBucket.Open(Path.Combine(_folder.FullName, "bucket"));

    /// <summary>The most memory that is in use at any time, above what was in use before.</summary>
    private sealed class PeakMemory
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task<long> _watch;

        public PeakMemory()
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            _watch = Task.Run(async () =>
            {
                var peak = 0L;
                while (!_stop.IsCancellationRequested)
                {
                    peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - before);
                    await Task.Delay(20);
                }

                return peak;
            });
        }

        public Task<long> StopAsync()
        {
            _stop.Cancel();
            return _watch;
        }
    }
}
