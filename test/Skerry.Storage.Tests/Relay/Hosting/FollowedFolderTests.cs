using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Hosting;

namespace Skerry.Storage.Tests.Relay.Hosting;

public sealed class FollowedFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-node-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_node_whose_store_is_whole_stays_who_it_is()
    {
        var id = NodeIdentity.Load(_folder);
        await FillAsync();
        await using var store = Open();
        Assert.Equal((1ul, 6ul), (store.Sessions[0].First, store.Sessions[0].Last));
        Assert.Equal(id, NodeIdentity.Load(_folder));
        Assert.Single(Directory.GetDirectories(_folder));
    }

    [Fact]
    public async Task A_node_that_has_lost_what_it_stored_is_another_one_with_nothing_stored()
    {
        var before = NodeIdentity.Load(_folder);
        var ids = new HashSet<NodeId> { before };
        for (var time = 1; time <= 2; time++)
        {
            // In the middle: what is at the end may as well never have been synced.
            var (path, at) = await FillAsync();
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
            {
                RandomAccess.Write(file, "damage!!"u8, at + 300);
            }

            await using (var store = Open())
            {
                Assert.Empty(store.Sessions);
                Assert.Empty(store.Damage);
            }

            Assert.True(ids.Add(NodeIdentity.Load(_folder)));
            var aside = Path.Combine(_folder, $"followed.damaged-{time}");
            Assert.Equal("damage!!"u8, File.ReadAllBytes(Path.Combine(aside, Path.GetFileName(path))).AsSpan((int)at + 300, 8));

            // Only once: the next start finds nothing wrong.
            await using var again = Open();
            Assert.Contains(NodeIdentity.Load(_folder), ids);
        }
    }

    private FollowerStore Open() => FollowedFolder.Open(_folder, TimeSpan.FromSeconds(1), TimeProvider.System, NullLogger.Instance);

    /// <summary>Stores three frames; tells where the second one is.</summary>
    private async Task<(string Path, long At)> FillAsync()
    {
        await using var store = Open();
        var maker = new FrameMaker(1);
        var leader = new Acknowledgements();
        var stream = store.Follow(maker.Hello(0), leader, out _, out _)!;
        var at = 0L;
        for (var i = 0; i < 3; i++)
        {
            var frame = maker.Next(2);
            at = i == 1 ? store.Log.Segments[^1].Bytes : at;
            await stream.AppendAsync(frame, 1);
            await leader.UpTo(frame.Last);
        }

        return (store.Log.Segments[^1].Path, at);
    }

    private sealed class Acknowledgements : IFollowerEvents
    {
        private readonly SemaphoreSlim _news = new(0);
        private ulong _held;

        public async Task UpTo(ulong sequence)
        {
            while (Volatile.Read(ref _held) < sequence)
            {
                await _news.WaitAsync();
            }
        }

        public void Acknowledged(ulong held, long sentAt)
        {
            Volatile.Write(ref _held, held);
            _news.Release();
        }

        public void Refused(int recoveryEpoch)
        {
        }

        public void Ended(Exception? cause)
        {
        }
    }
}
