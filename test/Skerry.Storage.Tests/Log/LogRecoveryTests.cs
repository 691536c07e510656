using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

/// <summary>What recovery makes of files that a crash, or a decaying disk, left behind.</summary>
public sealed class LogRecoveryTests
{
    [Fact]
    public async Task A_batch_torn_at_any_byte_is_cut_and_all_before_it_stays()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10, Files = new NoMarkerFiles() };
        fixture.Open();
        var stream = LogFixture.Stream(1);
        await fixture.Append(stream, 1).Outcome;
        var last = await fixture.Append(stream, 2).Outcome;
        await fixture.Log.DisposeAsync();
        var path = Path.Combine(fixture.Folder, "00000001.log");
        var whole = File.ReadAllBytes(path);
        var start = (int)(last.Offset & ~4095u);
        var end = (int)last.Offset + BodyBytes(whole, last);
        for (var bytes = start; bytes <= end; bytes++)
        {
            // Both kinds of tear: the rest still holds the prepared zeros, or the file ends there.
            var torn = whole.ToArray();
            torn.AsSpan(bytes).Clear();
            foreach (var (content, isWhole) in new[] { (torn, bytes >= LastNonZero(whole)), (torn[..bytes], bytes == end) })
            {
                File.WriteAllBytes(path, content);
                var log = fixture.Open();
                Assert.Empty(log.Damage);
                Assert.Equal(isWhole ? 2 : 1, fixture.Replayed.Count);
                await fixture.Append(new LogStream(stream.Key, fixture.Replayed[^1].Position), 9).Outcome;
                await fixture.Reopen();
                Assert.Equal(9ul, fixture.Replayed[^1].Header.Txid);
                await fixture.Log.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Stale_bytes_behind_a_torn_batch_never_come_back()
    {
        await using var fixture = new LogFixture { SegmentBytes = 64 << 10, Files = new NoMarkerFiles() };
        fixture.Open();
        var stream = LogFixture.Stream(1);
        await fixture.Append(stream, 1).Outcome;
        var torn = await fixture.Append(stream, 2, new byte[20_000]).Outcome;
        await fixture.Log.DisposeAsync();
        var path = Path.Combine(fixture.Folder, "00000001.log");
        Flip(path, torn.Offset + 10_000, 1);
        fixture.Open();
        Assert.Single(fixture.Replayed);
        await fixture.Log.DisposeAsync();
        Assert.True(File.ReadAllBytes(path).AsSpan((int)(torn.Offset & ~4095u)).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public async Task Every_flipped_bit_is_harmless_or_named_and_never_yields_another_record()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        fixture.Open();
        var original = await WriteThreeObjects(fixture);
        var path = Path.Combine(fixture.Folder, "00000001.log");
        var whole = File.ReadAllBytes(path);
        for (var offset = 0; offset < whole.Length; offset++)
        {
            if (whole[offset] == 0 && offset % 97 != 0 && (offset < 4096 || (offset & 4095) > 300))
            {
                // Padding is all alike; a sample of it will do.
                continue;
            }

            for (var bit = 0; bit < 8; bit++)
            {
                var changed = whole.ToArray();
                changed[offset] ^= (byte)(1 << bit);
                File.WriteAllBytes(path, changed);
                var log = fixture.Open();
                var where = $"byte {offset} bit {bit}";
                Assert.True(fixture.Replayed.All(r => original.Contains(r.Text)), where);
                var lost = original.Except(fixture.Replayed.Select(r => r.Text)).ToArray();
                if (lost.Length > 0)
                {
                    Assert.True(log.Damage.Any(d => d.RecordsLost && d.Path == path), where);
                }

                Assert.True(fixture.Replayed.Count + log.Damage.Count(d => d.RecordsLost) >= original.Count, where);
                await fixture.Log.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Without_a_marker_only_the_last_batch_passes_for_torn()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10, Files = new NoMarkerFiles() };
        fixture.Open();
        var original = await WriteThreeObjects(fixture);
        var path = Path.Combine(fixture.Folder, "00000001.log");
        var whole = File.ReadAllBytes(path);
        for (var offset = 4096; offset < whole.Length; offset += (whole[offset] == 0 ? 61 : 3))
        {
            var changed = whole.ToArray();
            changed[offset] ^= 4;
            File.WriteAllBytes(path, changed);
            var log = fixture.Open();
            var replayed = fixture.Replayed.Select(r => r.Text).ToArray();
            Assert.True(replayed.All(original.Contains));
            if (log.Damage.Count == 0)
            {
                Assert.True(replayed.SequenceEqual(original) || replayed.SequenceEqual(original.SkipLast(1)), $"byte {offset}");
            }

            await fixture.Log.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_damaged_payload_names_its_object_and_the_others_are_replayed()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        var first = await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        await fixture.Append(LogFixture.Stream(2), 1).Outcome;
        await fixture.Log.DisposeAsync();
        var path = Path.Combine(fixture.Folder, "00000001.log");
        Flip(path, first.Offset + 130, 3);
        var log = fixture.Open();
        var damage = Assert.Single(log.Damage);
        Assert.Equal((path, (long)first.Offset, LogFixture.Stream(1).Key), (damage.Path, damage.Offset, damage.Object));
        Assert.Equal(LogFixture.Stream(2).Key, Assert.Single(fixture.Replayed).Header.Key);
        var error = Assert.Throws<StorageDamagedException>(() => log.Read(first));
        Assert.Equal((path, (long)first.Offset), (error.Path, error.Offset));
        Assert.Contains(LogFixture.Stream(1).Key.ToString(), error.Message);
    }

    [Fact]
    public async Task A_record_with_an_illegible_header_is_named_by_the_next_one_of_its_object()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        var stream = LogFixture.Stream(1);
        var first = await fixture.Append(stream, 1).Outcome;
        await fixture.Append(LogFixture.Stream(2), 1).Outcome;
        await fixture.Append(stream, 2).Outcome;
        await fixture.Log.DisposeAsync();
        Flip(Path.Combine(fixture.Folder, "00000001.log"), first.Offset + 30, 3);
        var log = fixture.Open();
        Assert.Equal(stream.Key, Assert.Single(log.Damage).Object);
        Assert.Equal(2, fixture.Replayed.Count);
    }

    [Fact]
    public async Task A_missing_segment_is_damage_and_what_follows_is_replayed()
    {
        await using var fixture = new LogFixture { SegmentBytes = 16 << 10 };
        fixture.Open();
        for (ulong i = 1; i <= 9; i++)
        {
            await fixture.Append(LogFixture.Stream((int)i), 1).Outcome;
        }

        await fixture.Log.DisposeAsync();
        var missing = Path.Combine(fixture.Folder, "00000002.log");
        File.Delete(missing);
        var log = fixture.Open();
        var damage = Assert.Single(log.Damage);
        Assert.True(damage.RecordsLost);
        Assert.Equal(missing, damage.Path);
        Assert.Equal(6, fixture.Replayed.Count);
        await fixture.Append(LogFixture.Stream(1), 2).Outcome;
    }

    [Fact]
    public async Task One_illegible_copy_of_a_segments_header_does_no_harm_two_are_damage()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        await fixture.Log.DisposeAsync();
        var path = Path.Combine(fixture.Folder, "00000001.log");
        Flip(path, 3, 1);
        Assert.Empty(fixture.Open().Damage);
        Assert.Single(fixture.Replayed);
        await fixture.Log.DisposeAsync();
        Flip(path, 2048 + 20, 1);
        var log = fixture.Open();
        Assert.True(Assert.Single(log.Damage).RecordsLost);
        Assert.Empty(fixture.Replayed);
        var later = await fixture.Append(LogFixture.Stream(1), 2).Outcome;
        Assert.True(later.Segment > 1);
    }

    [Fact]
    public async Task A_newer_format_is_refused()
    {
        await using var fixture = new LogFixture();
        fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        await fixture.Log.DisposeAsync();
        var path = Path.Combine(fixture.Folder, "00000001.log");
        var bytes = File.ReadAllBytes(path);
        bytes[8] = 2;
        BitConverter.TryWriteBytes(bytes.AsSpan(32), System.IO.Hashing.XxHash3.HashToUInt64(bytes.AsSpan(0, 32)));
        File.WriteAllBytes(path, bytes);
        Assert.Contains("version 2", Assert.Throws<StorageException>(() => fixture.Open()).Message);
    }

    [Fact]
    public async Task A_failed_batch_that_stayed_on_disk_is_left_out_once_the_log_has_gone_on_elsewhere()
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files };
        fixture.Open();
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        files.SyncError = FaultyFiles.BrokenDisk();
        files.TruncateError = FaultyFiles.BrokenDisk();
        await Assert.ThrowsAsync<StorageException>(() => fixture.Append(LogFixture.Stream(2), 1).Outcome);
        files.SyncError = null;
        await fixture.Append(LogFixture.Stream(3), 1).Outcome;
        files.TruncateError = null;
        var log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal([LogFixture.Stream(1).Key, LogFixture.Stream(3).Key], fixture.Replayed.Select(r => r.Header.Key));
    }

    internal static void Flip(string path, long offset, int bit)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[offset] ^= (byte)(1 << bit);
        File.WriteAllBytes(path, bytes);
    }

    private static async Task<List<string>> WriteThreeObjects(LogFixture fixture)
    {
        await fixture.Append(LogFixture.Stream(1), 1).Outcome;
        await fixture.Append(LogFixture.Stream(2), 1).Outcome;
        await fixture.Append(LogFixture.Stream(3), 1, [1, 2, 3]).Outcome;
        await fixture.Log.DisposeAsync();
        fixture.Open();
        var original = fixture.Replayed.Select(r => r.Text).ToList();
        Assert.Equal(3, original.Count);
        await fixture.Log.DisposeAsync();
        return original;
    }

    private static int BodyBytes(byte[] file, LogPosition record) =>
        BatchHeader.TryRead(file.AsSpan((int)(record.Offset & ~4095u), BatchHeader.Size), 0x1234_5678_9ABC_DEF0, record with { Offset = record.Offset & ~4095u }, out var header)
            ? header.BodyBytes
            : throw new InvalidOperationException("There is no batch.");

    private static int LastNonZero(byte[] file) => file.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
}

/// <summary>Real files of a process that is killed before it marks its last batch.</summary>
internal sealed class NoMarkerFiles : LogFiles
{
    public override LogFile Open(string path, FileMode mode) => new Unmarked(base.Open(path, mode));

    private sealed class Unmarked(LogFile inner) : LogFile
    {
        public override long Length => inner.Length;

        public override int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (!(bytes.Length == 4096 && bytes[8..].StartsWith("SKBATCH1"u8) && BitConverter.ToInt32(bytes[40..]) == 0))
            {
                inner.Write(bytes, offset);
            }
        }

        public override void Sync() => inner.Sync();

        public override void SetLength(long length) => inner.SetLength(length);

        public override void Dispose() => inner.Dispose();
    }
}
