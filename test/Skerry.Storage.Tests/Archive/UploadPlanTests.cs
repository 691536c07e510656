using Skerry.Storage.Archive;

namespace Skerry.Storage.Tests.Archive;

public sealed class UploadPlanTests
{
    private static readonly UploadOptions Options = new()
    {
        OwnFileBytes = 600,
        PromoteBytes = 500,
        SnapshotBytesMin = 1000,
        BatchBytes = 2000,
    };

    [Fact]
    public void Every_record_is_in_exactly_one_batch_and_batches_leave_no_gap()
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var random = new Random(seed);
            var plan = new UploadPlan(Options);
            var (log, models) = (new List<ArchivedRecord>(), Models());
            var (sequence, closed, now) = (0UL, 0UL, 0L);
            List<ArchivedRecord> uploaded = [];
            for (var step = 0; step < 200; step++)
            {
                now += random.Next(3000);
                sequence += (ulong)random.Next(1, 3);
                var record = models[random.Next(models.Length)].Commit(random, sequence, now, pagesMax: 6);
                log.Add(record);
                plan.Gather(record, now);
                Assert.Equal(plan.GatheredBytes >= Options.BatchBytes, plan.IsFull);
                if (plan.IsFull || plan.DueAtMs <= now)
                {
                    var batch = plan.Close(closed + 1, sequence);
                    Assert.Equal((closed + 1, sequence), (batch.First, batch.Last));
                    closed = sequence;
                    Assert.All(batch.OwnFiles, f => Assert.True(f.Sum(static r => r.Ltx.Length) >= Options.OwnFileBytes && f.All(r => r.Key == f[0].Key)));
                    Assert.All(batch.Bundle.GroupBy(static r => r.Key), static o => Assert.True(o.Sum(static r => r.Ltx.Length) < Options.OwnFileBytes));
                    uploaded.AddRange(batch.OwnFiles.SelectMany(static f => f).Concat(batch.Bundle).OrderBy(static r => r.Sequence));
                    plan.Uploaded(batch, now);
                    Assert.True(plan.IsEmpty);
                    Assert.Null(plan.DueAtMs);
                }
            }

            Assert.Equal(log.Where(r => r.Sequence <= closed).Select(static r => r.Sequence), uploaded.Select(static r => r.Sequence));
        }
    }

    [Fact]
    public void Records_out_of_order_and_batches_that_do_not_cover_them_are_bugs()
    {
        var plan = new UploadPlan(Options);
        var model = Models()[0];
        var (first, second) = (model.Commit([1], [0], 5, 0), model.Commit([2], [0], 6, 0));
        plan.Gather(second, 0);
        Assert.Throws<InvalidOperationException>(() => plan.Gather(first, 0));
        Assert.Throws<InvalidOperationException>(() => plan.Gather(second, 0));
        plan = new UploadPlan(Options);
        plan.Gather(first, 0);
        plan.Gather(second, 0);
        Assert.Throws<InvalidOperationException>(() => plan.Close(6, 6));
        Assert.Throws<InvalidOperationException>(() => plan.Close(1, 5));
        Assert.Throws<InvalidOperationException>(() => plan.Close(7, 6));
        Assert.Equal(2, plan.Close(1, 9).Bundle.Count);
    }

    [Fact]
    public void Of_one_object_there_is_one_thing_to_do_at_a_time_and_each_kind_when_it_is_due()
    {
        var plan = new UploadPlan(new UploadOptions { OwnFileBytes = 1 << 30, PromoteBytes = 1 << 30, SnapshotBytesMin = 100_000 });
        var model = new ModelObject(ModelObject.NewKey(1));
        Upload(plan, model, 1, 2, now: 0);
        Assert.Empty(plan.TakeWork(0, 9));
        Assert.Equal(3_600_000, plan.NextWorkAtMs);
        Assert.Empty(plan.TakeWork(3_599_999, 9));

        // Old: promoted, and once only.
        Assert.Equal([new UploadWork(UploadWorkKind.Promote, model.Key)], plan.TakeWork(3_600_000, 9));
        Assert.Empty(plan.TakeWork(9_000_000, 9));
        plan.Promoted(model.Key, 0, 9_000_000);
        Assert.Empty(plan.TakeWork(9_000_000, 9));
        Assert.Null(plan.NextWorkAtMs);

        // Much: what earlier sessions have left is asked for once.
        Upload(plan, model, 3, 6, now: 9_000_000);
        Assert.Equal([new UploadWork(UploadWorkKind.Inspect, model.Key)], plan.TakeWork(9_000_000, 9));
        plan.Inspected(model.Key, 30_000);
        Assert.Empty(plan.TakeWork(9_000_000, 9));
        Upload(plan, model, 9, 20, now: 9_000_000);
        Assert.Equal([new UploadWork(UploadWorkKind.Snapshot, model.Key)], plan.TakeWork(9_000_000, 9));

        // What fails waits; what was uploaded meanwhile counts for the next time.
        plan.Failed(model.Key, 9_001_000);
        Assert.Empty(plan.TakeWork(9_000_999, 9));
        Assert.Equal(9_001_000, plan.NextWorkAtMs);
        Assert.Single(plan.TakeWork(9_001_000, 9));
        Upload(plan, model, 29, 30, now: 9_001_000);
        plan.Snapshotted(model.Key);
        Assert.Equal([new UploadWork(UploadWorkKind.Snapshot, model.Key)], plan.TakeWork(9_001_000, 9));
        plan.Snapshotted(model.Key);
        Assert.Empty(plan.TakeWork(9_001_000, 9));

        plan.Forget(model.Key);
        Assert.Empty(plan.TakeWork(long.MaxValue / 2, 9));
    }

    [Fact]
    public void What_is_known_of_a_claimed_object_is_not_asked_for_again()
    {
        var plan = new UploadPlan(new UploadOptions { OwnFileBytes = 1 << 30, PromoteBytes = 1 << 30 });
        var model = new ModelObject(ModelObject.NewKey(1));
        plan.Adopt(model.Key, 60_000, 4096);
        Assert.Empty(plan.TakeWork(0, 9));
        Upload(plan, model, 1, 2, now: 0);
        Assert.Equal([new UploadWork(UploadWorkKind.Snapshot, model.Key)], plan.TakeWork(0, 9));
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused_all_at_once()
    {
        var options = new UploadOptions { BatchWindow = TimeSpan.Zero, OwnFileBytes = -1, RetryDelay = TimeSpan.FromMinutes(5) };
        var error = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Contains("BatchWindow, OwnFileBytes, RetryDelay", error.Message, StringComparison.Ordinal);
    }

    private static ModelObject[] Models() => [.. Enumerable.Range(1, 4).Select(static i => new ModelObject(ModelObject.NewKey(i), compressible: true))];

    // Transactions of one page each.
    private static void Upload(UploadPlan plan, ModelObject model, int first, int count, long now)
    {
        for (var i = 0; i < count; i++)
        {
            plan.Gather(model.Commit([first + i], [0], (ulong)(first + i), now), now);
        }

        plan.Uploaded(plan.Close((ulong)first, (ulong)(first + count - 1)), now);
    }
}
