using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

public sealed class LogSegmentTests
{
    [Fact]
    public async Task A_full_segment_is_followed_by_the_next_and_told_with_its_times()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        var log = fixture.Open();
        var stream = LogFixture.Stream(1);
        for (ulong txid = 1; txid <= 10; txid++)
        {
            await fixture.Append(stream, txid).Outcome;
        }

        // Three batches of a block each fit a segment of four blocks, one of which is its header.
        Check(log.Segments);
        log = await fixture.Reopen();
        Check(log.Segments);
        Assert.Equal(10, fixture.Replayed.Count);
        log = await fixture.Reopen(log.End);
        Check(log.Segments);

        static void Check(IReadOnlyList<LogSegmentInfo> segments)
        {
            Assert.Equal([1u, 2u, 3u, 4u], segments.Select(s => s.Number));
            Assert.Equal([1_001, 1_004, 1_007, 1_010], segments.Select(s => s.FirstTimestampMs));
            Assert.Equal([1_003, 1_006, 1_009, 1_010], segments.Select(s => s.LastTimestampMs));
            Assert.All(segments.SkipLast(1), s => Assert.Equal(16 << 10, s.Bytes));
            Assert.All(segments, s => Assert.True(File.Exists(s.Path)));
        }
    }

    [Theory]
    [InlineData(12_000)]
    [InlineData(16_384)]
    [InlineData(100_000)]
    [InlineData(20 << 20)]
    public async Task A_record_larger_than_a_segment_gets_one_of_its_own_size(int bytes)
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10, BatchBytesMax = 4 << 10 };
        var log = fixture.Open();
        var stream = LogFixture.Stream(1);
        var large = new byte[bytes];
        new Random(1).NextBytes(large);
        await fixture.Append(stream, 1).Outcome;
        var position = await fixture.Append(stream, 2, large).Outcome;
        await fixture.Append(stream, 3).Outcome;
        Assert.Equal(large, log.Read(position).Payload.ToArray());
        log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal([1ul, 2, 3], fixture.Replayed.Select(r => r.Header.Txid));
        Assert.Equal(large, fixture.Replayed[1].Payload);
    }

    [Fact]
    public async Task Removed_segments_are_gone_and_the_last_one_stays()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        var log = fixture.Open();
        var stream = LogFixture.Stream(1);
        var positions = new List<LogPosition>();
        for (ulong txid = 1; txid <= 10; txid++)
        {
            positions.Add(await fixture.Append(stream, txid).Outcome);
        }

        log.RemoveSegmentsBefore(3);
        Assert.Equal([3u, 4u], log.Segments.Select(s => s.Number));
        Assert.Contains("no longer retained", Assert.Throws<StorageException>(() => log.Read(positions[0])).Message);
        Assert.Equal(positions[7], log.Read(positions[7]).Position);
        log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal(4, fixture.Replayed.Count);
        log.RemoveSegmentsBefore(uint.MaxValue);
        Assert.Equal([4u], log.Segments.Select(s => s.Number));
        await fixture.Append(stream, 11).Outcome;
    }

    [Fact]
    public async Task A_checkpoint_may_lie_at_the_end_of_a_removed_segment_but_not_before()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        var log = fixture.Open();
        var ends = new List<LogPosition>();
        for (ulong txid = 1; txid <= 5; txid++)
        {
            await fixture.Append(LogFixture.Stream(1), txid).Outcome;
            ends.Add(log.End);
        }

        log.RemoveSegmentsBefore(2);
        Assert.Empty((await fixture.Reopen(ends[2])).Damage);
        Assert.Equal(2, fixture.Replayed.Count);
        Assert.True(Assert.Single((await fixture.Reopen(ends[1])).Damage).RecordsLost);
    }

    [Fact]
    public async Task A_sealed_segment_takes_no_more()
    {
        await using var fixture = new LogFixture();
        var log = fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        log.Seal();
        var next = await fixture.Append(LogFixture.Stream(1), 2).Outcome;
        Assert.Equal(2u, next.Segment);
        Assert.Equal(log.Segments[0].Bytes, new FileInfo(log.Segments[0].Path).Length);
        log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal(2, fixture.Replayed.Count);
    }

    [Fact]
    public async Task A_segment_whose_creation_was_cut_short_is_swept_up()
    {
        await using var fixture = new LogFixture();
        File.WriteAllBytes(Path.Combine(fixture.Folder, "00000001.log.new"), new byte[100]);
        fixture.Open();
        Assert.Empty(Directory.GetFiles(fixture.Folder));
        Assert.Equal(1u, (await fixture.Append(LogFixture.Stream(1), 1).Outcome).Segment);
    }

    [Fact]
    public async Task Random_bytes_in_a_segment_never_become_records()
    {
        await using var fixture = new LogFixture { SegmentBytes = 32 << 10 };
        fixture.Open();
        for (ulong txid = 1; txid <= 6; txid++)
        {
            await fixture.Append(LogFixture.Stream((int)txid), txid, new byte[900]).Outcome;
        }

        await fixture.Reopen();
        var known = fixture.Replayed.Select(r => r.Text).ToHashSet();
        await fixture.Log.DisposeAsync();
        var path = Path.Combine(fixture.Folder, "00000001.log");
        var whole = File.ReadAllBytes(path);
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var content = whole.ToArray();
            for (var piece = random.Next(1, 4); piece > 0; piece--)
            {
                var from = random.Next(content.Length);
                var bytes = content.AsSpan(from, random.Next(content.Length - from));
                switch (random.Next(4))
                {
                    case 0:
                        random.NextBytes(bytes);
                        break;
                    case 1:
                        bytes.Clear();
                        break;
                    case 2:
                        whole.AsSpan(random.Next(whole.Length - bytes.Length), bytes.Length).CopyTo(bytes);
                        break;
                    default:
                        content = content[..from];
                        piece = 0;
                        break;
                }

                if (content.Length == 0)
                {
                    break;
                }
            }

            File.WriteAllBytes(path, content);
            fixture.Open();
            Assert.True(fixture.Replayed.All(r => known.Contains(r.Text)), $"seed {seed}");
            Assert.Equal(fixture.Replayed.Count, fixture.Replayed.DistinctBy(r => r.Position).Count());
            await fixture.Append(LogFixture.Stream(99), 1, epoch: 2).Outcome;
            await fixture.Reopen();
            Assert.Equal(LogFixture.Stream(99).Key, fixture.Replayed[^1].Header.Key);
            await fixture.Log.DisposeAsync();
            foreach (var file in Directory.GetFiles(fixture.Folder))
            {
                File.Delete(file);
            }
        }
    }
}
