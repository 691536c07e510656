using Skerry.Storage.Archive;

namespace Skerry.Storage.Tests.Archive;

public sealed class RetentionTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Whatever_is_deleted_every_transaction_of_the_last_30_days_is_restored_as_it_was()
    {
        for (var seed = 1; seed <= 25; seed++)
        {
            var random = new Random(seed);
            var bucket = new ModelBucket();
            var options = new UploadOptions { SnapshotBytesMin = 2000 };
            var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
            var deleted = 0;
            for (var day = 0; day < 120; day++)
            {
                // Some objects write every day, some rest for months.
                for (var commits = seed % 3 == 0 && day % 50 > 5 ? 0 : random.Next(4); commits > 0; commits--)
                {
                    bucket.Wait(model.Commit(random, bucket.Next(), Ms(day), pagesMax: 8));
                }

                await bucket.UploadAsync(static _ => true);
                var log = (await bucket.OpenAsync(model.Key)).LogBytes;
                if (log > 2000 && random.Next(3) > 0)
                {
                    // Not always where a file ends.
                    await bucket.SnapshotAsync(model.Key, model.Newest - (ulong)random.Next(3));
                }

                // Deleting may stop anywhere.
                var failures = random.Next(3);
                bucket.Bucket.Fault = o => o.StartsWith("delete", StringComparison.Ordinal) && failures-- > 0 ? MemoryBucket.Failure.NotDone : MemoryBucket.Failure.None;
                await RetentionSweep.RunAsync(bucket.Bucket, options, Ms(day), null, static (_, e) => throw e, CancellationToken.None);
                try
                {
                    deleted += await Trash.EmptyAsync(bucket.Bucket, Ms(day), CancellationToken.None);
                }
                catch (StorageException)
                {
                }

                bucket.Bucket.Fault = static _ => MemoryBucket.Failure.None;
                var archive = await bucket.OpenAsync(model.Key);
                Assert.Equal(model.StateOf(model.Newest), archive.Newest);

                // The state that was current 30 days ago, and all after it.
                var oldest = model.Records.FindLastIndex(r => r.Key == model.Key && r.TimestampMs <= Ms(day - 30));
                for (var txid = (ulong)Math.Max(oldest, 0); txid <= model.Newest; txid += 1 + (model.Newest - txid) / 4)
                {
                    await model.CheckAsync(archive, txid);
                }

                if (oldest > 0)
                {
                    Assert.Equal(model.StateOf((ulong)oldest), await archive.FindByTimeAsync(Ms(day - 30), CancellationToken.None));
                }
            }

            Assert.True(deleted > 0 || model.Newest < 30, $"seed {seed} deleted nothing");
            Assert.Empty((await ArchiveVerifier.VerifyAsync(bucket.Bucket, model.Key, bucket.Bundles.Session, CancellationToken.None)).Damage);
        }
    }

    [Fact]
    public async Task The_bucket_holds_at_most_twice_the_database_and_what_the_retention_covers()
    {
        var bucket = new ModelBucket();
        var options = new UploadOptions { SnapshotBytesMin = 0 };
        var model = new ModelObject(ModelObject.NewKey(1));
        var random = new Random(1);
        for (var day = 0; day < 150; day++)
        {
            for (var commits = day < 100 ? 4 : 0; commits > 0; commits--)
            {
                bucket.Wait(model.Commit(random, bucket.Next(), Ms(day), pagesMax: 24, writesMax: 3));
            }

            await bucket.UploadAsync(static _ => true);
            var archive = await bucket.OpenAsync(model.Key);
            if (archive.LogBytes > archive.Newest.PageCount * 4096L)
            {
                await bucket.SnapshotAsync(model.Key, model.Newest);
            }

            await RetentionSweep.RunAsync(bucket.Bucket, options, Ms(day), null, static (_, e) => throw e, CancellationToken.None);
            await Trash.EmptyAsync(bucket.Bucket, Ms(day) + 7_200_000, CancellationToken.None);

            // What the last 30 days have written, once as log and once as snapshots made of it.
            var live = 24 * 4200L;
            var retained = model.Records.Where(r => r.Key == model.Key && r.TimestampMs > Ms(day - 31)).Sum(static r => (long)r.Ltx.Length + 150);
            Assert.InRange(bucket.Bucket.Bytes("objects/"), 0, (2 * live) + (2 * retained));
        }

        // At rest for longer than the retention: the database once, and the log since it at most.
        Assert.InRange(bucket.Bucket.Bytes("objects/"), 1, 2 * 24 * 4200L);
        await model.CheckAsync(await bucket.OpenAsync(model.Key), model.Newest);
    }

    [Fact]
    public async Task An_object_that_rests_with_a_long_log_after_its_oldest_snapshot_gets_another_one()
    {
        // Its session has ended before it came to that, and what the snapshot stands for has long been deleted.
        var bucket = new ModelBucket();
        var options = new UploadOptions { SnapshotBytesMin = 0 };
        var model = new ModelObject(ModelObject.NewKey(1));
        var random = new Random(1);
        for (var commit = 0; commit < 60; commit++)
        {
            bucket.Wait(model.Commit(random, bucket.Next(), Ms(commit / 10), pagesMax: 3));
            await bucket.UploadAsync(static _ => true);
            if (commit == 5)
            {
                await bucket.SnapshotAsync(model.Key, model.Newest);
            }
        }

        for (var day = 60; day < 66; day++)
        {
            await RetentionSweep.RunAsync(bucket.Bucket, options, Ms(day), null, static (_, e) => throw e, CancellationToken.None);
            await Trash.EmptyAsync(bucket.Bucket, Ms(day) + 7_200_000, CancellationToken.None);
        }

        Assert.InRange(bucket.Bucket.Bytes("objects/"), 1, 2 * 3 * 4200L);
        await model.CheckAsync(await bucket.OpenAsync(model.Key), model.Newest);
    }

    [Fact]
    public async Task Nothing_is_deleted_before_its_time_nor_because_of_a_snapshot_that_is_not_whole()
    {
        var (bucket, model) = await OldAsync();
        var snapshot = bucket.Bucket.Keys.Single(static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        var whole = bucket.Bucket[snapshot];
        bucket.Bucket[snapshot] = [.. whole[..300], (byte)(whole[300] ^ 1), .. whole[301..]];
        var before = bucket.Bucket.Keys;
        var error = await Assert.ThrowsAsync<StorageDamagedException>(() => Retention.ApplyAsync(bucket.Bucket, model.Key, new UploadOptions(), Ms(100), CancellationToken.None));
        Assert.Equal(snapshot, error.Path);
        Assert.Equal(before, bucket.Bucket.Keys);

        bucket.Bucket[snapshot] = whole;
        Assert.Equal(5, (await Retention.ApplyAsync(bucket.Bucket, model.Key, new UploadOptions(), Ms(100), CancellationToken.None)).Count);
        Assert.Equal(0, await Trash.EmptyAsync(bucket.Bucket, Ms(100) + 3_599_999, CancellationToken.None));
        Assert.Equal(before.Count + 1, bucket.Bucket.Keys.Count);

        // The snapshot was lost meanwhile: the log is all there is.
        bucket.Bucket.Remove(snapshot);
        Assert.Equal(0, await Trash.EmptyAsync(bucket.Bucket, Ms(101), CancellationToken.None));
        await model.CheckAsync(await bucket.OpenAsync(model.Key), model.Newest);
    }

    [Fact]
    public async Task A_snapshot_that_was_superseded_stands_for_nothing()
    {
        var (bucket, model) = await OldAsync();
        model.GoOnFrom(3, model.Epoch + (1 << 20));
        bucket.Wait(model.Commit([9], [0], bucket.Next(), Ms(1)));
        await bucket.UploadAsync(static _ => true);
        Assert.Empty(await Retention.ApplyAsync(bucket.Bucket, model.Key, new UploadOptions(), Ms(100), CancellationToken.None));
        await model.CheckAsync(await bucket.OpenAsync(model.Key), 4);
        await model.CheckAsync(await bucket.OpenAsync(model.Key), 3);
    }

    [Fact]
    public async Task Without_a_snapshot_that_is_old_enough_one_is_made_where_the_retention_begins()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1));
        for (var day = 0; day < 60; day++)
        {
            bucket.Wait(model.Commit([day + 1, 7], day == 0 ? [0, 1] : [0], bucket.Next(), Ms(day)));
            await bucket.UploadAsync(static _ => true);
        }

        var options = new UploadOptions();
        Assert.Empty(await Retention.ApplyAsync(bucket.Bucket, model.Key, options, Ms(59), CancellationToken.None));
        var made = Assert.Single(bucket.Bucket.Keys, static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        Assert.StartsWith(BucketKeys.SnapshotsOf(model.Key) + "000000000000001e-", made, StringComparison.Ordinal);
        Assert.Equal(30, (await Retention.ApplyAsync(bucket.Bucket, model.Key, options, Ms(59), CancellationToken.None)).Count);
        await Trash.EmptyAsync(bucket.Bucket, Ms(60), CancellationToken.None);
        var archive = await bucket.OpenAsync(model.Key);
        for (ulong txid = 30; txid <= 60; txid++)
        {
            await model.CheckAsync(archive, txid);
        }

        await Assert.ThrowsAsync<PastNotRetainedException>(() => archive.CheckRetainedAsync(29, CancellationToken.None));
        await Assert.ThrowsAsync<PastNotRetainedException>(() => archive.CheckRetainedAsync(0, CancellationToken.None));
        await Assert.ThrowsAsync<PastNotRetainedException>(() => archive.FindByTimeAsync(Ms(20), CancellationToken.None));
    }

    [Fact]
    public async Task A_trash_list_that_names_anything_else_deletes_nothing()
    {
        var (bucket, model) = await OldAsync();
        bucket.Bucket[BucketKeys.Owner(model.Key)] = [1];
        foreach (var list in new[] { $$"""{"Delete":["{{BucketKeys.Owner(model.Key)}}"]}""", """{"Delete":["sessions/00000000000000000000000000000001"]}""", """{"Delete":[null]}""", "{}", "", "null" })
        {
            bucket.Bucket[BucketKeys.Trash(1, 1)] = System.Text.Encoding.UTF8.GetBytes(list);
            var before = bucket.Bucket.Keys;
            await Assert.ThrowsAsync<StorageDamagedException>(() => Trash.EmptyAsync(bucket.Bucket, Ms(1), CancellationToken.None));
            Assert.Equal(before, bucket.Bucket.Keys);
        }
    }

    private static async Task<(ModelBucket Bucket, ModelObject Model)> OldAsync()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 0; i < 5; i++)
        {
            bucket.Wait(model.Commit([i + 1, 7], i == 0 ? [0, 1] : [0], bucket.Next(), Ms(0)));
            await bucket.UploadAsync(static _ => true);
        }

        await bucket.SnapshotAsync(model.Key, 5);
        return (bucket, model);
    }

    private static long Ms(int day) => UploadWorld.Start.ToUnixTimeMilliseconds() + (long)(day * Day.TotalMilliseconds);
}
