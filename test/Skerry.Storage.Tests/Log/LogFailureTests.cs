using System.Runtime.InteropServices;
using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

/// <summary>Disks that are full, and disks that are broken.</summary>
public sealed partial class LogFailureTests
{
    [Theory]
    [InlineData("sync")]
    [InlineData("write")]
    [InlineData("full")]
    public async Task A_failed_batch_fails_its_objects_until_they_restart_and_others_go_on(string kind)
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files };
        var log = fixture.Open();
        var stream = LogFixture.Stream(1);
        var first = await fixture.Append(stream, 1).Outcome;
        files.SyncError = kind == "sync" ? FaultyFiles.BrokenDisk() : null;
        files.WriteError = kind switch { "write" => FaultyFiles.BrokenDisk(), "full" => FaultyFiles.FullDisk(), _ => null };
        var error = await Assert.ThrowsAsync<StorageException>(() => fixture.Append(stream, 2, new byte[20_000]).Outcome);
        Assert.Contains(kind == "full" ? "Free space" : "Input/output error", error.Message);
        Assert.Equal(first, stream.Last);
        files.SyncError = null;
        files.WriteError = null;

        await Assert.ThrowsAsync<StorageException>(() => fixture.Append(stream, 3).Outcome);
        var other = await fixture.Append(LogFixture.Stream(2), 1).Outcome;
        Assert.Equal(kind == "full" ? 1u : 2u, other.Segment);
        await Assert.ThrowsAsync<StorageException>(() => fixture.Append(stream, 2).Outcome);
        await fixture.Append(stream, 2, epoch: 2).Outcome;
        await fixture.Append(stream, 3, epoch: 2).Outcome;
        Assert.Equal(1, log.Failures);
        Assert.Equal(0, log.QueuedBytes);

        log = await fixture.Reopen();
        Assert.Empty(log.Damage);
        Assert.Equal(["1.1", "1.1", "2.2", "2.3"], fixture.Replayed.Select(r => $"{r.Header.Epoch}.{r.Header.Txid}"));
        Assert.Equal(first, fixture.Replayed[2].Header.Previous);
    }

    [Fact]
    public async Task A_disk_that_fails_for_long_leaves_no_files_behind()
    {
        var files = new FaultyFiles();
        await using var fixture = new LogFixture { Files = files };
        fixture.Open();
        await fixture.Append(LogFixture.Stream(0), 1).Outcome;
        files.SyncError = FaultyFiles.BrokenDisk();
        for (var i = 1; i <= 50; i++)
        {
            await Assert.ThrowsAsync<StorageException>(() => fixture.Append(LogFixture.Stream(i), 1).Outcome);
        }

        files.SyncError = null;
        await fixture.Append(LogFixture.Stream(99), 1).Outcome;
        Assert.InRange(Directory.GetFiles(fixture.Folder).Length, 2, 3);
        Assert.Empty((await fixture.Reopen()).Damage);
        Assert.Equal(2, fixture.Replayed.Count);
    }

    [Fact]
    public async Task Opening_needs_no_space_and_the_first_append_tells_of_the_full_disk()
    {
        var files = new FaultyFiles { CreateError = FaultyFiles.FullDisk() };
        await using var fixture = new LogFixture { Files = files };
        fixture.Open();
        Assert.Contains("disk is full", (await Assert.ThrowsAsync<StorageException>(() => fixture.Append(LogFixture.Stream(1), 1).Outcome)).Message);
        files.CreateError = null;
        await fixture.Append(LogFixture.Stream(1), 1, epoch: 2).Outcome;
    }

    [Fact]
    public async Task A_real_full_disk_fails_writers_only_and_ends_when_space_returns()
    {
        var mount = Directory.CreateTempSubdirectory("skerry-full-").FullName;
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Mount("tmpfs", mount, "tmpfs", 0, "size=1m") == 0,
            "Mounting a small file system needs Linux and root.");
        try
        {
            await using (var fixture = new LogFixture(Path.Combine(mount, "log")) { SegmentBytes = 64 << 10 })
            {
                var log = fixture.Open();
                var filler = Path.Combine(mount, "filler");
                File.WriteAllBytes(filler, new byte[512 << 10]);
                var confirmed = new List<LogPosition>();
                StorageException? error = null;
                for (var i = 0; error is null; i++)
                {
                    try
                    {
                        confirmed.Add(await fixture.Append(LogFixture.Stream(i), 1, new byte[10_000]).Outcome);
                    }
                    catch (StorageException full)
                    {
                        error = full;
                    }
                }

                Assert.Contains("disk is full", error.Message);
                Assert.InRange(confirmed.Count, 10, 60);
                Assert.All(confirmed, position => Assert.Equal(10_000, log.Read(position).Payload.Length));
                for (var i = 100; i < 120; i++)
                {
                    await Assert.ThrowsAsync<StorageException>(() => fixture.Append(LogFixture.Stream(i), 1, new byte[300_000]).Outcome);
                }

                File.Delete(filler);
                for (var i = 200; i < 210; i++)
                {
                    confirmed.Add(await fixture.Append(LogFixture.Stream(i), 1, new byte[10_000]).Outcome);
                }

                log = await fixture.Reopen();
                Assert.Empty(log.Damage);
                Assert.Equal(confirmed, fixture.Replayed.Select(r => r.Position));
            }
        }
        finally
        {
            Assert.Equal(0, Unmount(mount, 2));
            Directory.Delete(mount);
        }
    }

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
