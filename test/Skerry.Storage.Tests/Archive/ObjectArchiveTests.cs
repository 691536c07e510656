using Skerry.Storage.Archive;
using Skerry.Storage.Pages;

namespace Skerry.Storage.Tests.Archive;

public sealed class ObjectArchiveTests
{
    [Fact]
    public async Task Every_transaction_of_any_history_is_restored_as_it_was()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            var bucket = new ModelBucket();
            var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
            var other = new ModelObject(ModelObject.NewKey(2), compressible: true);
            for (var step = 0; step < 40; step++)
            {
                for (var commits = random.Next(4); commits > 0; commits--)
                {
                    bucket.Wait(model.Commit(random, bucket.Next(), step * 1000, pagesMax: 12));
                    if (random.Next(2) == 0)
                    {
                        bucket.Wait(other.Commit(random, bucket.Next(), step * 1000, pagesMax: 5));
                    }
                }

                var own = random.Next(3) == 0;
                await bucket.UploadAsync(k => own && k == model.Key);
                switch (random.Next(8))
                {
                    case 0:
                        await Promotion.PromoteAsync(bucket.Bucket, bucket.Bundles, model.Key, CancellationToken.None);
                        break;
                    case 1 when model.Newest > 0:
                        await bucket.SnapshotAsync(model.Key, model.Newest - (ulong)random.Next((int)Math.Min(model.Newest, 3)));
                        break;
                    case 2 when model.Newest > 0:
                        // What the last activation wrote last turns out never to have been confirmed.
                        model.GoOnFrom(model.Newest - (ulong)random.Next((int)Math.Min(model.Newest, 4)), model.Epoch + (ulong)random.Next(1, 3));
                        bucket.Wait(model.Commit(random, bucket.Next(), step * 1000, pagesMax: 12));
                        await bucket.UploadAsync(static _ => false);
                        break;
                    case 3:
                        await bucket.MoveAsync([model.Key, other.Key]);
                        break;
                }

                var archive = await bucket.OpenAsync(model.Key);
                Assert.Equal(model.StateOf(model.Newest), archive.Newest);
                await model.CheckAsync(archive, model.Newest);
                await model.CheckAsync(archive, (ulong)random.Next((int)model.Newest + 1));
            }

            foreach (var checkedModel in new[] { model, other })
            {
                var archive = await bucket.OpenAsync(checkedModel.Key);
                var versions = await archive.VersionsAsync(CancellationToken.None);
                Assert.Equal(Enumerable.Range(1, (int)checkedModel.Newest).Select(static i => (ulong)i), versions.Select(static v => v.Txid));
                for (ulong txid = 0; txid <= checkedModel.Newest; txid++)
                {
                    await checkedModel.CheckAsync(archive, txid);
                }
            }
        }
    }

    [Fact]
    public async Task A_point_in_time_is_the_newest_transaction_before_it()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= 20; i++)
        {
            bucket.Wait(model.Commit(new Random(i), bucket.Next(), i * 1000, pagesMax: 4));
            await bucket.UploadAsync(_ => i % 2 == 0);
            if (i % 7 == 0)
            {
                await bucket.SnapshotAsync(model.Key, model.Newest);
            }
        }

        for (var i = 0; i <= 20; i++)
        {
            var archive = await bucket.OpenAsync(model.Key);
            Assert.Equal(model.StateOf((ulong)i), await archive.FindByTimeAsync((i * 1000) + 500, CancellationToken.None));
        }
    }

    [Fact]
    public async Task An_object_that_has_never_written_is_empty()
    {
        var archive = await new ModelBucket().OpenAsync(ModelObject.NewKey(1));
        Assert.Equal(default, archive.Newest);
        Assert.Empty(await archive.VersionsAsync(CancellationToken.None));
        Assert.Equal(default, await archive.RestoreAsync(0, new MemorySink(), CancellationToken.None));
        Assert.Equal(default, await archive.FindByTimeAsync(5, CancellationToken.None));
        Assert.Contains("does not exist", (await Assert.ThrowsAsync<StorageException>(() => archive.CheckRetainedAsync(1, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opening_reads_only_what_is_newer_than_the_newest_snapshot()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= 30; i++)
        {
            bucket.Wait(model.Commit(new Random(i), bucket.Next(), i * 1000, pagesMax: 4));
            await bucket.UploadAsync(static _ => true);
        }

        await bucket.SnapshotAsync(model.Key, 28);
        bucket.Bucket.Operations.Clear();
        var archive = await bucket.OpenAsync(model.Key);
        Assert.Equal(1 + 2, bucket.Bucket.Operations.Count);
        await model.CheckAsync(archive, 30);
        await model.CheckAsync(archive, 28);
        await model.CheckAsync(archive, 3);
    }

    [Fact]
    public async Task A_copy_of_an_earlier_state_is_brought_up_to_date_by_what_it_lacks()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            var bucket = new ModelBucket();
            var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
            for (var i = 1; i <= 12; i++)
            {
                bucket.Wait(model.Commit(random, bucket.Next(), i * 1000, pagesMax: 8));
                var own = random.Next(2) == 0;
                await bucket.UploadAsync(_ => own);
            }

            var archive = await bucket.OpenAsync(model.Key);
            for (ulong local = 1; local <= model.Newest; local++)
            {
                var copy = model.States[(int)local].Select(model.Content).ToList();
                var changes = new MemorySink();
                Assert.Equal(model.StateOf(model.Newest), await archive.CatchUpAsync(model.StateOf(local), changes, CancellationToken.None));
                var pages = new Dictionary<uint, byte[]>(changes.Pages);
                for (var page = 0; page < Math.Min(copy.Count, (int)changes.State.PageCount); page++)
                {
                    pages.TryAdd((uint)page + 1, copy[page]);
                }

                var whole = new MemorySink();
                whole.Begin(changes.State);
                foreach (var (page, content) in pages)
                {
                    whole.Pages.Add(page, content);
                }

                model.Check(whole, model.Newest);
                Assert.True(local < model.Newest || changes.Pages.Count == 0);
            }
        }
    }

    [Fact]
    public async Task A_copy_of_another_history_is_never_built_on()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        bucket.Wait(model.Commit([1, 2, 3], [0, 1, 2], bucket.Next(), 1));
        var unconfirmed = model.Commit([1, 9, 3], [1], 99, 2);
        var stale = model.StateOf(2);
        model.GoOnFrom(1, model.Epoch + 1);
        bucket.Wait(model.Commit([1, 2, 4], [2], bucket.Next(), 2));
        bucket.Wait(model.Commit([1, 2, 5], [2], bucket.Next(), 3));
        await bucket.UploadAsync(static _ => false);
        var archive = await bucket.OpenAsync(model.Key);
        Assert.Equal(2UL, unconfirmed.Txid);
        Assert.Null(await archive.CatchUpAsync(stale, new MemorySink(), CancellationToken.None));

        // A local copy that is ahead of the bucket is of no history that is known here either.
        Assert.Null(await archive.CatchUpAsync(stale with { Transaction = 7 }, new MemorySink(), CancellationToken.None));
        Assert.Null(await archive.CatchUpAsync(model.StateOf(3) with { Checksum = 1UL << 63 }, new MemorySink(), CancellationToken.None));
        Assert.NotNull(await archive.CatchUpAsync(model.StateOf(1), new MemorySink(), CancellationToken.None));
    }

    [Fact]
    public async Task A_stale_file_of_a_superseded_epoch_never_wins_over_a_newer_one()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        bucket.Wait(model.Commit([1], [0], bucket.Next(), 1));
        await bucket.UploadAsync(static _ => true);

        // Two owners wrote on from the first transaction; the older of them got further, and is written down last.
        var old = new List<ArchivedRecord> { model.Commit([2], [0], 5, 2), model.Commit([3], [0], 6, 3), model.Commit([4], [0], 7, 4) };
        model.GoOnFrom(1, model.Epoch + (1 << 20));
        bucket.Wait(model.Commit([8], [0], bucket.Next(), 2));
        await bucket.UploadAsync(static _ => true);
        await Promotion.WriteAsync(bucket.Bucket, model.Key, old, CancellationToken.None);
        var archive = await bucket.OpenAsync(model.Key);
        Assert.Equal(model.StateOf(2), archive.Newest);
        await model.CheckAsync(archive, 2);
        await model.CheckAsync(archive, 1);
    }

    // Of a superseded epoch a file is left, and of the epoch that superseded it the first one is not.
    [Fact]
    public async Task A_file_that_outlived_its_neighbours_is_no_part_of_the_history()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        var old = new List<ArchivedRecord> { model.Commit([1], [0], 1, 1), model.Commit([2], [0], 2, 2), model.Commit([3], [0], 3, 3) };
        await Promotion.WriteAsync(bucket.Bucket, model.Key, old, CancellationToken.None);
        model.GoOnFrom(1, model.Epoch + 1);
        model.Commit([7], [0], 4, 2);
        await Promotion.WriteAsync(bucket.Bucket, model.Key, [model.Commit([8], [0], 5, 3), model.Commit([9], [0], 6, 4)], CancellationToken.None);

        // Transaction 2 of the new epoch is missing; that of the old one must not take its place.
        await Assert.ThrowsAsync<StorageDamagedException>(async () => await (await bucket.OpenAsync(model.Key)).RestoreAsync(4, new MemorySink(), CancellationToken.None));
        var twin = new ModelBucket();
        await Promotion.WriteAsync(twin.Bucket, model.Key, [.. model.Records[1..]], CancellationToken.None);
        await twin.SnapshotAsync(model.Key, 4);
        var snapshot = twin.Bucket.Keys.Single(static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        bucket.Bucket[snapshot] = twin.Bucket[snapshot];
        var archive = await bucket.OpenAsync(model.Key);
        await model.CheckAsync(archive, 4);
        Assert.Equal([4UL], (await archive.VersionsAsync(CancellationToken.None)).Select(static v => v.Txid));
        foreach (ulong txid in new ulong[] { 0, 1, 2, 3 })
        {
            await Assert.ThrowsAsync<PastNotRetainedException>(() => archive.CheckRetainedAsync(txid, CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_missing_file_is_never_papered_over()
    {
        // The first transaction, one in the middle, or the last before the newest.
        for (var lost = 1; lost <= 5; lost++)
        {
            var bucket = new ModelBucket();
            var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
            for (var i = 1; i <= 6; i++)
            {
                bucket.Wait(model.Commit(new Random(i), bucket.Next(), i * 1000, pagesMax: 4));
                await bucket.UploadAsync(static _ => true);
            }

            bucket.Bucket.Remove(BucketKeys.Log(model.Key, (ulong)lost, (ulong)lost, model.Epoch));
            var archive = await bucket.OpenAsync(model.Key);
            Assert.Equal(model.StateOf(6), archive.Newest);
            var error = await Assert.ThrowsAsync<StorageDamagedException>(() => archive.RestoreAsync(6, new MemorySink(), CancellationToken.None));
            Assert.Contains($"transaction {lost} is not in the bucket", error.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<PastNotRetainedException>(() => archive.RestoreAsync(0, new MemorySink(), CancellationToken.None));
            Assert.Empty(await archive.VersionsAsync(CancellationToken.None));
        }
    }

    [Fact]
    public async Task Damage_anywhere_in_a_file_is_named_and_never_served()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= 6; i++)
        {
            bucket.Wait(model.Commit(Enumerable.Range(i, 4).ToArray(), [0, 1, 2, 3], bucket.Next(), i * 1000));
            await bucket.UploadAsync(_ => i % 2 == 0);
            if (i == 3)
            {
                await bucket.SnapshotAsync(model.Key, 3);
            }
        }

        var random = new Random(1);
        foreach (var key in bucket.Bucket.Keys)
        {
            var whole = bucket.Bucket[key];
            for (var i = 0; i < 50; i++)
            {
                var damaged = whole.ToArray();
                var at = random.Next(damaged.Length);
                damaged[at] ^= (byte)(1 << random.Next(8));
                bucket.Bucket[key] = i % 10 == 0 ? whole[..at] : damaged;
                for (ulong txid = 1; txid <= 6; txid++)
                {
                    var sink = new MemorySink();
                    try
                    {
                        await (await bucket.OpenAsync(model.Key)).RestoreAsync(txid, sink, CancellationToken.None);
                    }
                    catch (StorageDamagedException e)
                    {
                        Assert.Equal(key, e.Path);
                        Assert.InRange(e.Offset, 0, whole.Length);
                        continue;
                    }

                    // A file that was not needed, or another LZ4 block of the same page.
                    model.Check(sink, txid);
                }
            }

            bucket.Bucket[key] = whole;
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public async Task A_damaged_snapshot_is_done_without_where_an_older_one_and_the_log_lead_to_the_same_state(int newest)
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= newest; i++)
        {
            bucket.Wait(model.Commit(new Random(i), bucket.Next(), i * 1000, pagesMax: 4));
            await bucket.UploadAsync(static _ => true);
            if (i is 2 or 4)
            {
                await bucket.SnapshotAsync(model.Key, (ulong)i);
            }
        }

        var key = bucket.Bucket.Keys.Last(static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        var whole = bucket.Bucket[key];
        var (random, done) = (new Random(1), 0);
        for (var i = 0; i < 200; i++)
        {
            var damaged = whole.ToArray();
            var at = random.Next(damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            bucket.Bucket[key] = i % 10 == 0 ? whole[..at] : damaged;
            var archive = await bucket.OpenAsync(model.Key);
            await model.CheckAsync(archive, (ulong)newest);
            await model.CheckAsync(archive, 4);
            Assert.Equal(model.StateOf((ulong)newest), archive.Newest);
            await model.CheckAsync(archive, 3);
            Assert.All(archive.Damaged, damage => Assert.Equal(key, damage.Path));
            done += archive.Damaged.Count;
        }

        // But for a bit that means nothing, each was found.
        Assert.InRange(done, 190, 200);
    }

    [Fact]
    public async Task A_damaged_snapshot_never_makes_an_older_state_the_newest()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= 4; i++)
        {
            bucket.Wait(model.Commit(new Random(i), bucket.Next(), i * 1000, pagesMax: 4));
            await bucket.UploadAsync(static _ => true);
        }

        await bucket.SnapshotAsync(model.Key, 2);
        await bucket.SnapshotAsync(model.Key, 4);

        // The retention has taken what the newest snapshot stands for, all but an older snapshot.
        for (ulong txid = 1; txid <= 4; txid++)
        {
            bucket.Bucket.Remove(BucketKeys.Log(model.Key, txid, txid, model.Epoch));
        }

        var key = bucket.Bucket.Keys.Last(static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        var whole = bucket.Bucket[key];
        for (var at = 0; at < whole.Length; at += 7)
        {
            bucket.Bucket[key] = whole[..at];
            var error = await Assert.ThrowsAsync<StorageDamagedException>(async () =>
                await (await bucket.OpenAsync(model.Key)).RestoreAsync(4, new MemorySink(), CancellationToken.None));
            Assert.Equal(key, error.Path);
        }
    }

    [Fact]
    public async Task A_database_that_shrinks_and_grows_again_has_no_old_pages()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        bucket.Wait(model.Commit([1, 2, 3, 4], [0, 1, 2, 3], bucket.Next(), 1));
        bucket.Wait(model.Commit([1], [], bucket.Next(), 2));
        bucket.Wait(model.Commit([1, 0, 0, 7], [1, 2, 3], bucket.Next(), 3));
        bucket.Wait(model.Commit([], [], bucket.Next(), 4));
        bucket.Wait(model.Commit([5], [0], bucket.Next(), 5));
        await bucket.UploadAsync(static _ => true);
        var archive = await bucket.OpenAsync(model.Key);
        for (ulong txid = 0; txid <= 5; txid++)
        {
            await model.CheckAsync(archive, txid);
        }

        foreach (ulong txid in new ulong[] { 1, 3, 4, 5 })
        {
            await bucket.SnapshotAsync(model.Key, txid);
        }

        archive = await bucket.OpenAsync(model.Key);
        for (ulong txid = 0; txid <= 5; txid++)
        {
            await model.CheckAsync(archive, txid);
        }
    }

    [Fact]
    public async Task An_exported_database_is_a_plain_file_and_there_is_none_if_it_cannot_be_whole()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        bucket.Wait(model.Commit([1, 2, 3], [0, 1, 2], bucket.Next(), 1));
        bucket.Wait(model.Commit([1, 2, 4], [2], bucket.Next(), 2));
        await bucket.UploadAsync(static _ => true);
        var folder = Directory.CreateTempSubdirectory("skerry-");
        try
        {
            var path = Path.Combine(folder.FullName, "out.sqlite");
            await (await bucket.OpenAsync(model.Key)).ExportAsync(2, path, CancellationToken.None);
            Assert.Equal((byte[])[.. model.Content(1), .. model.Content(2), .. model.Content(4)], await File.ReadAllBytesAsync(path));

            var log = bucket.Bucket.Keys.Single(static k => k.Contains("/log/", StringComparison.Ordinal));
            bucket.Bucket[log][200] ^= 1;
            var archive = await bucket.OpenAsync(model.Key);
            await Assert.ThrowsAsync<StorageDamagedException>(() => archive.ExportAsync(1, Path.Combine(folder.FullName, "other.sqlite"), CancellationToken.None));
            Assert.Equal(["out.sqlite"], folder.GetFiles().Select(static f => f.Name));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
