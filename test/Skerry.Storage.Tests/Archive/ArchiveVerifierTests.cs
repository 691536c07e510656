using Skerry.Storage.Archive;
using Skerry.Storage.Ltx;

namespace Skerry.Storage.Tests.Archive;

public sealed class ArchiveVerifierTests
{
    [Fact]
    public async Task A_history_that_is_whole_is_proven_from_its_first_transaction()
    {
        var (bucket, model) = await HistoryAsync();
        var report = await VerifyAsync(bucket, model);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Leftovers);
        Assert.Equal((12, 2, 1UL, 12UL), (report.Records, report.Snapshots, report.Oldest, report.Newest));
    }

    [Fact]
    public async Task Every_file_that_is_damaged_is_named_with_its_byte_and_all_of_them_at_once()
    {
        var (bucket, model) = await HistoryAsync();
        var random = new Random(5);
        foreach (var key in bucket.Bucket.Keys)
        {
            var whole = bucket.Bucket[key];
            for (var i = 0; i < 60; i++)
            {
                var at = random.Next(whole.Length);
                bucket.Bucket[key] = i % 6 == 0 ? whole[..at] : [.. whole[..at], (byte)(whole[at] ^ (1 << random.Next(8))), .. whole[(at + 1)..]];
                var report = await VerifyAsync(bucket, model);
                if (report.Damage.Count == 0)
                {
                    // Another LZ4 block of the same page is no damage: what it holds is what was put.
                    for (ulong txid = 1; txid <= 12; txid++)
                    {
                        await model.CheckAsync(await bucket.OpenAsync(model.Key), txid);
                    }

                    continue;
                }

                Assert.All(report.Damage, d => Assert.Equal(key, d.File));
                Assert.All(report.Damage, d => Assert.InRange(d.Offset, 0, whole.Length));
            }

            bucket.Bucket[key] = whole;
        }

        var damaged = bucket.Bucket.Keys.Where(static k => k.Contains("/log/", StringComparison.Ordinal) || k.Contains("/snapshot/", StringComparison.Ordinal)).ToArray();
        foreach (var key in damaged)
        {
            bucket.Bucket[key][10] ^= 1;
        }

        Assert.Equal(damaged.Order(), (await VerifyAsync(bucket, model)).Damage.Select(static d => d.File).Distinct().Order());
    }

    [Fact]
    public async Task A_snapshot_of_another_state_is_found_though_it_is_whole()
    {
        var (bucket, model) = await HistoryAsync();
        var other = new ModelBucket();
        var twin = new ModelObject(model.Key, compressible: true);
        for (var i = 0; i < 6; i++)
        {
            other.Wait(twin.Commit(new Random(100 + i), other.Next(), i, pagesMax: 6));
        }

        await other.UploadAsync(static _ => true);
        await other.SnapshotAsync(model.Key, 6);
        var mine = bucket.Bucket.Keys.First(static k => k.Contains("/snapshot/", StringComparison.Ordinal));
        bucket.Bucket[mine] = other.Bucket[other.Bucket.Keys.Single(static k => k.Contains("/snapshot/", StringComparison.Ordinal))];
        var damage = Assert.Single((await VerifyAsync(bucket, model)).Damage);
        Assert.Equal(mine, damage.File);
        Assert.Contains("another state", damage.What, StringComparison.Ordinal);
    }

    // A transaction whose file is whole, but that claims a state which its pages do not lead to.
    [Fact]
    public async Task A_transaction_that_does_not_lead_where_it_says_is_found()
    {
        var (bucket, model) = await HistoryAsync();
        var record = model.Records[12];
        var header = LtxHeader.Parse("", record.Ltx.Span);
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        new LtxEncoder().Encode(output, header with { MinTxid = 13, MaxTxid = 13, PreApplyChecksum = model.StateOf(12).Checksum }, [], LtxChecksum.Flag | 12345);
        bucket.Wait(record with { Txid = 13, Sequence = bucket.Next(), Ltx = output.WrittenMemory.ToArray() });
        await bucket.UploadAsync(static _ => true);
        var damage = Assert.Single((await VerifyAsync(bucket, model)).Damage);
        Assert.Contains("do not add up", damage.What, StringComparison.Ordinal);
        Assert.EndsWith(BucketKeys.Log(model.Key, 13, 13, model.Epoch), damage.File, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_damage_when_nothing_can_be_restored_without_it()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= 3; i++)
        {
            bucket.Wait(model.Commit(new Random(i), bucket.Next(), i, pagesMax: 4));
            await bucket.UploadAsync(static _ => true);
        }

        bucket.Bucket.Remove(BucketKeys.Log(model.Key, 2, 2, model.Epoch));
        var report = await VerifyAsync(bucket, model);
        Assert.Contains("transaction 2 is not in the bucket", Assert.Single(report.Damage).What, StringComparison.Ordinal);
        Assert.Equal([BucketKeys.Log(model.Key, 1, 1, model.Epoch)], report.Leftovers);
    }

    private static Task<ArchiveReport> VerifyAsync(ModelBucket bucket, ModelObject model) =>
        ArchiveVerifier.VerifyAsync(bucket.Bucket, model.Key, bucket.Bundles.Session, CancellationToken.None);

    // Twelve transactions: some in files of one, some in files of several, some in bundles; two snapshots.
    private static async Task<(ModelBucket Bucket, ModelObject Model)> HistoryAsync()
    {
        var bucket = new ModelBucket();
        var model = new ModelObject(ModelObject.NewKey(1), compressible: true);
        for (var i = 1; i <= 12; i++)
        {
            bucket.Wait(model.Commit(new Random(i), bucket.Next(), i, pagesMax: 6));
            if (i % 3 != 1)
            {
                await bucket.UploadAsync(_ => i < 10);
            }

            if (i is 6 or 9)
            {
                await bucket.SnapshotAsync(model.Key, (ulong)i);
            }
        }

        return (bucket, model);
    }
}
