using Skerry.Storage.Archive;

namespace Skerry.Storage.Tests.Archive;

public sealed class UploaderTests
{
    [Fact]
    public void Many_small_objects_share_one_file_each_window()
    {
        var world = new UploadWorld();
        for (var window = 0; window < 3; window++)
        {
            for (var i = 1; i <= 50; i++)
            {
                world.Commit(i, new Random(i));
            }

            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(9.8));
            Assert.Equal(window, Puts(world));
            world.Advance(TimeSpan.FromSeconds(0.5));
            Assert.Equal(window + 1, Puts(world));
            Assert.Equal(world.Log.ConfirmedSequence, world.Told);
        }

        Assert.All(world.Bucket.Keys, static k => Assert.StartsWith("bundles/", k, StringComparison.Ordinal));
        var cost = world.Uploader.CostOf(ModelObject.NewKey(1));
        Assert.InRange(cost.Puts, 0.001, 1);
        Assert.InRange(cost.PutBytes, 100, world.Bucket.Bytes(""));
        Assert.Equal((3, world.Bucket.Bytes("")), (world.Uploader.Figures.Bucket.Puts, world.Uploader.Figures.Bucket.PutBytes));
        world.CheckAll();
    }

    [Fact]
    public void A_large_object_gets_a_file_of_its_own_and_the_bundle_comes_after_it()
    {
        var world = new UploadWorld();
        world.CommitBytes(1, 20 << 20);
        world.Commit(2, new Random(1));
        world.Confirm();
        world.Advance(TimeSpan.FromSeconds(11));
        var puts = world.Bucket.Operations.Where(static o => o.StartsWith("put ", StringComparison.Ordinal)).ToArray();
        Assert.Contains("/log/", puts[0], StringComparison.Ordinal);
        Assert.Contains("bundles/", puts[1], StringComparison.Ordinal);
        world.CheckAll();

        // A session that has nothing but large objects still says how far it is.
        world.CommitBytes(1, 20 << 20);
        world.Confirm();
        world.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(world.Log.ConfirmedSequence, world.Told);
        world.Run(async () =>
        {
            var bundles = await SessionBundles.LoadAsync(world.Bucket, world.Bundles.Session, CancellationToken.None);
            Assert.Equal(world.Told, bundles.LastSequence);
        });
    }

    [Fact]
    public void A_full_batch_does_not_wait_for_its_window_and_no_more_than_one_is_in_memory()
    {
        var world = new UploadWorld(new UploadOptions { BatchBytes = 10_000, OwnFileBytes = 1 << 30, PromoteBytes = 1 << 30, SnapshotBytesMin = 1 << 30 });
        var most = 0L;
        world.Bucket.Fault = _ =>
        {
            most = Math.Max(most, world.Uploader.Figures.WaitingBytes);
            return MemoryBucket.Failure.None;
        };
        for (var i = 0; i < 300; i++)
        {
            world.Commit(i % 10, new Random(i), pagesMax: 20);
        }

        world.Confirm();
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(world.Told, 1UL, world.Log.ConfirmedSequence);
        world.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(world.Log.ConfirmedSequence, world.Told);
        Assert.InRange(most, 10_000, 15_000);
        Assert.True(Puts(world) > 3);
        world.CheckAll();
    }

    [Fact]
    public void Only_what_is_confirmed_is_uploaded_and_records_that_failed_leave_no_gap()
    {
        var world = new UploadWorld();
        world.Commit(1, new Random(1));
        world.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, Puts(world));

        // The second record fails: its sequence has no record.
        world.Log.Next();
        world.Commit(1, new Random(2));
        world.Log.Next();
        world.Confirm();
        world.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(4UL, world.Told);

        // A flush when nothing but failed records are new has nothing to wait for.
        world.Log.Next();
        world.Confirm();
        world.Run(() => world.Uploader.FlushAsync(null, CancellationToken.None));
        world.Commit(1, new Random(3));
        world.Confirm();
        world.Run(() => world.Uploader.FlushAsync(null, CancellationToken.None));
        Assert.Equal(6UL, world.Told);
        world.CheckAll();
    }

    [Fact]
    public void A_flushed_object_needs_no_bundle_any_more()
    {
        var world = new UploadWorld();
        world.Commit(1, new Random(1));
        world.Commit(2, new Random(2));
        world.Confirm();
        world.Run(() => world.Uploader.FlushAsync(ModelObject.NewKey(1), CancellationToken.None));
        Assert.Single(world.Bucket.Keys, static k => k.Contains("/log/", StringComparison.Ordinal));
        world.Run(async () =>
        {
            var model = world.Models[ModelObject.NewKey(1)];
            await model.CheckAsync(await ObjectArchive.OpenAsync(world.Bucket, model.Key, null, CancellationToken.None), 1);
        });
        world.CheckAll();
    }

    [Fact]
    public void What_is_old_or_much_in_bundles_is_promoted_and_spent_bundles_are_deleted_in_two_steps()
    {
        var world = new UploadWorld();
        for (var i = 0; i < 5; i++)
        {
            world.Commit(1, new Random(i));
            world.Commit(2, new Random(i));
            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(11));
        }

        Assert.Equal(5, world.Bucket.Keys.Count);
        world.Advance(TimeSpan.FromMinutes(58), TimeSpan.FromSeconds(1));
        Assert.Equal(5, world.Bucket.Keys.Count);
        world.Advance(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(1));
        Assert.Equal(2, world.Bucket.Keys.Count(static k => k.Contains("/log/", StringComparison.Ordinal)));
        world.CheckAll();
        Assert.Equal(5, world.Bucket.Keys.Count(static k => k.StartsWith("bundles/", StringComparison.Ordinal)));
        world.Advance(TimeSpan.FromHours(2.1), TimeSpan.FromSeconds(10));

        // The last one says how far the session is.
        Assert.Single(world.Bucket.Keys, static k => k.StartsWith("bundles/", StringComparison.Ordinal));
        Assert.DoesNotContain(world.Bucket.Keys, static k => k.StartsWith("trash/", StringComparison.Ordinal));
        world.CheckAll();

        var before = world.Uploader.Figures.Promotions;
        for (var i = 0; i < 60; i++)
        {
            world.CommitBytes(1, 200_000);
            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(11), TimeSpan.FromSeconds(1));
        }

        Assert.True(world.Uploader.Figures.Promotions > before);
        world.CheckAll();
    }

    [Fact]
    public void A_snapshot_is_made_when_the_log_is_longer_than_the_database_and_restoring_reads_at_most_twice_its_size()
    {
        var world = new UploadWorld();
        var random = new Random(1);
        var model = new ModelObject(ModelObject.NewKey(9));
        world.Models[model.Key] = model;
        for (var i = 0; i < 300; i++)
        {
            world.Log.Append(model.Commit(random, world.Log.Next(), world.NowMs, pagesMax: 60));
            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(11), TimeSpan.FromSeconds(1));
            world.Run(async () =>
            {
                var archive = await ObjectArchive.OpenAsync(world.Bucket, model.Key, world.Bundles, CancellationToken.None);
                var before = world.Bucket.BytesRead;
                await archive.RestoreAsync(archive.Newest.Transaction, new MemorySink(), CancellationToken.None);
                var bound = Math.Max(2L * 4096 * archive.Newest.PageCount, 128 << 10);
                Assert.InRange(world.Bucket.BytesRead - before, 0, bound + 20_000);
            });
        }

        Assert.True(world.Uploader.Figures.Snapshots > 3);
        Assert.Equal(world.Uploader.Figures.Snapshots, world.Bucket.Keys.Count(static k => k.Contains("/snapshot/", StringComparison.Ordinal)));
        world.CheckAll();
    }

    [Fact]
    public void What_is_past_the_retention_goes_even_of_objects_that_nobody_uses()
    {
        var world = new UploadWorld();
        world.Models[ModelObject.NewKey(1)] = new ModelObject(ModelObject.NewKey(1));
        for (var i = 0; i < 8; i++)
        {
            world.CommitBytes(1, 400_000);
            world.CommitBytes(2, 4096);
            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(11));
        }

        Assert.Contains(world.Bucket.Keys, static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        world.Advance(TimeSpan.FromDays(29), TimeSpan.FromMinutes(10));
        world.CheckAll();
        var before = world.Bucket.Bytes(BucketKeys.Object(ModelObject.NewKey(1)));
        world.Advance(TimeSpan.FromDays(3), TimeSpan.FromMinutes(10));
        Assert.InRange(world.Bucket.Bytes(BucketKeys.Object(ModelObject.NewKey(1))), 1, before / 2);
        world.CheckAll(everyTransaction: false);
        Assert.Null(world.Uploader.Trouble);
    }

    [Fact]
    public void That_a_bucket_does_not_answer_is_said_before_its_requests_fail()
    {
        var world = new UploadWorld();
        var way = new TaskCompletionSource();
        world.Bucket.Way = way.Task;
        world.Commit(1, new Random(1));
        world.Confirm();
        world.Advance(world.Options.BatchWindow + world.Options.SlowAfter);
        Assert.Null(world.Uploader.Trouble);
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("Nothing has got into memory for 15 s", world.Uploader.Trouble!.Message, StringComparison.Ordinal);
        way.SetResult();
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(world.Uploader.Trouble);
        world.CheckAll();
    }

    [Fact]
    public void While_the_bucket_is_down_nothing_is_dropped_and_it_is_said()
    {
        var world = new UploadWorld();
        var down = true;
        world.Bucket.Fault = _ => down ? MemoryBucket.Failure.NotDone : MemoryBucket.Failure.None;
        for (var i = 0; i < 60; i++)
        {
            world.Commit(i % 5, new Random(i));
            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0UL, world.Told);
        Assert.Contains("does not answer", world.Uploader.Trouble!.Message, StringComparison.Ordinal);
        using var impatient = new CancellationTokenSource();
        var given = world.Begin(() => world.Uploader.FlushAsync(null, impatient.Token));
        impatient.Cancel();
        world.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(given.IsCanceled);
        var flush = world.Begin(() => world.Uploader.FlushAsync(null, CancellationToken.None));
        Assert.False(flush.IsCompleted);
        down = false;
        world.Advance(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1));
        Assert.True(flush.IsCompletedSuccessfully);
        Assert.Equal(world.Log.ConfirmedSequence, world.Told);
        Assert.Null(world.Uploader.Trouble);
        world.CheckAll();
    }

    [Fact]
    public void A_log_that_cannot_be_read_for_a_while_loses_and_doubles_nothing()
    {
        var world = new UploadWorld();
        for (var i = 0; i < 20; i++)
        {
            world.Commit(1, new Random(i));
            world.Log.Failures = i % 3;
            world.Confirm();
            world.Advance(TimeSpan.FromSeconds(3));
        }

        world.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(20UL, world.Told);
        world.CheckAll();
    }

    [Fact]
    public void A_flush_ends_with_an_error_if_the_session_ends_first()
    {
        var world = new UploadWorld();
        world.Bucket.Fault = static _ => MemoryBucket.Failure.NotDone;
        world.Commit(1, new Random(1));
        world.Confirm();
        var uploader = world.Uploader;
        var flush = world.Begin(() => uploader.FlushAsync(null, CancellationToken.None));
        world.Crash();
        Assert.IsType<StorageException>(flush.Exception!.InnerException);

        // And at once, if it has ended already.
        var late = world.Begin(() => uploader.FlushAsync(null, CancellationToken.None));
        Assert.IsType<StorageException>(late.Exception!.InnerException);
        world.CheckAll();
    }

    // The uploader is cut off at each of its operations in turn, before or after the operation has had its effect.
    [Fact]
    public void Wherever_a_session_is_cut_off_what_was_confirmed_is_in_the_bucket_or_with_the_followers()
    {
        var cuts = 0;
        for (var at = 1; ; at++)
        {
            var crashed = 0;
            foreach (var effect in new[] { MemoryBucket.Failure.NotDone, MemoryBucket.Failure.DoneButUnknown })
            {
                var world = new UploadWorld(Small);
                var operations = 0;
                world.Bucket.Fault = _ => ++operations >= at ? operations == at ? effect : MemoryBucket.Failure.NotDone : MemoryBucket.Failure.None;
                var random = new Random(at);
                for (var i = 0; i < 25 && operations < at; i++)
                {
                    world.Commit(random.Next(1, 4), random);
                    world.Confirm();
                    world.Advance(TimeSpan.FromSeconds(random.Next(1, 20)), TimeSpan.FromSeconds(1));
                }

                crashed += operations >= at ? 1 : 0;
                world.Crash();
                world.CheckAll();
                world.Commit(1, random);
                world.Commit(2, random);
                world.Confirm();
                world.Advance(TimeSpan.FromSeconds(11), TimeSpan.FromSeconds(1));
                world.CheckAll();
            }

            if (crashed == 0)
            {
                break;
            }

            cuts++;
        }

        Assert.True(cuts > 40, $"only {cuts} operations");
    }

    [Fact]
    public void Failures_now_and_then_change_nothing_but_the_time_it_takes()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            var world = new UploadWorld(Small);
            world.Bucket.Fault = _ => random.Next(4) == 0 ? (MemoryBucket.Failure)random.Next(1, 3) : MemoryBucket.Failure.None;
            world.OnUploaded = sequence => Assert.True(sequence <= world.Log.ConfirmedSequence);
            for (var i = 0; i < 60; i++)
            {
                world.Commit(random.Next(1, 4), random);
                world.Confirm();
                world.Advance(TimeSpan.FromSeconds(random.Next(1, 15)), TimeSpan.FromSeconds(1));
                if (random.Next(25) == 0)
                {
                    world.Crash();
                    world.Bucket.Fault = _ => random.Next(4) == 0 ? (MemoryBucket.Failure)random.Next(1, 3) : MemoryBucket.Failure.None;
                }
            }

            world.Bucket.Fault = static _ => MemoryBucket.Failure.None;
            world.Advance(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(1));
            Assert.Equal(world.Log.ConfirmedSequence, world.Told);
            world.CheckAll();
        }
    }

    private static UploadOptions Small => new()
    {
        OwnFileBytes = 600,
        PromoteBytes = 500,
        SnapshotBytesMin = 1000,
        PromoteAge = TimeSpan.FromMinutes(1),
        TrashDelay = TimeSpan.FromMinutes(1),
    };

    private static int Puts(UploadWorld world) => world.Bucket.Operations.Count(static o => o.StartsWith("put ", StringComparison.Ordinal));
}
