using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay;

public sealed class ReplicatorTests
{
    [Theory]
    [InlineData(new[] { 1, 2, 3, 4, 5 }, 2)]
    [InlineData(new[] { 1, 2, 3 }, 1)]
    [InlineData(new[] { 0, 1, 2 }, 1)]
    [InlineData(new[] { 1, 0 }, 0)]
    public async Task A_majority_of_the_followers_confirms_and_one_less_does_not(int[] set, int missing)
    {
        await using var cluster = new RelayCluster(set.Max()) { LeaderOptions = Patient };
        await cluster.Start(set);
        foreach (var gone in set.Where(node => node != 0).Take(missing))
        {
            cluster.Network.Cut(cluster.Nodes[gone].Id);
        }

        await cluster.Write().Outcome;
        var last = cluster.Nodes[set.Where(node => node != 0).ElementAt(missing)].Id;
        cluster.Network.Cut(last);
        var waiting = cluster.Write();
        await RelayCluster.Until(() => cluster.Leader.Followers.Count(node => node.Held == 2) == set.Length - missing - 1);
        Assert.False(waiting.Outcome.IsCompleted);
        cluster.Network.Mend(last);
        await waiting.Outcome;
        Assert.Equal(2ul, cluster.Leader.Log.ConfirmedSequence);
    }

    [Fact]
    public async Task Alone_a_session_is_confirmed_by_its_own_store()
    {
        await using var cluster = new RelayCluster(0);
        await cluster.Start(0);
        for (var i = 0; i < 20; i++)
        {
            await cluster.Write(i % 3).Outcome;
        }

        Assert.Equal(Enumerable.Range(1, 20).Select(i => (ulong)i), await cluster.SequencesAt(0));
        Assert.True(cluster.Leader.MayRead);
    }

    [Fact]
    public async Task What_is_confirmed_is_durable_on_a_majority_and_can_be_read_back()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(1, 2, 3);
        var writes = Enumerable.Range(0, 500).Select(i => cluster.Write(i % 16, 50 + i)).ToArray();
        await Task.WhenAll(writes.Select(write => write.Outcome));
        await RelayCluster.Until(() => cluster.AllHold(500));
        var all = Enumerable.Range(1, 500).Select(i => (ulong)i).ToList();
        foreach (var node in (int[])[1, 2, 3])
        {
            Assert.Equal(all, await cluster.SequencesAt(node));
        }

        var read = new List<ulong>();
        await foreach (var record in cluster.Leader.Log.ReadAsync(101, default))
        {
            Assert.Equal(50 + (int)record.Sequence - 1, record.Ltx.Length);
            read.Add(record.Sequence);
        }

        Assert.Equal(all[100..], read);
    }

    [Fact]
    public async Task A_lost_follower_is_replaced_while_writes_go_on()
    {
        await using var cluster = new RelayCluster(4);
        await cluster.Start(1, 2, 3);
        cluster.Live(1, 2, 3, 4);
        await Write(cluster, 50);
        await cluster.StopNode(2);
        while (!cluster.FollowersAre(1, 3, 4))
        {
            await cluster.Write().Outcome;
        }

        Assert.Equal(2, cluster.Record.Generation);
        await cluster.StopNode(1);
        await Write(cluster, 10);
        await RelayCluster.Until(() => cluster.Leader.Followers.Count(node => node.Held == cluster.Leader.Log.ConfirmedSequence) >= 2);
        Assert.Equal(await cluster.SequencesAt(3), await cluster.SequencesAt(4));
        Assert.Equal(cluster.Leader.Log.ConfirmedSequence, (ulong)(await cluster.SequencesAt(4)).Count);
    }

    [Fact]
    public async Task A_set_of_five_shrinks_to_three_when_two_are_lost_and_grows_again()
    {
        await using var cluster = new RelayCluster(5) { LeaderOptions = new RelayLeaderOptions { AvoidFor = TimeSpan.FromMilliseconds(300) } };
        await cluster.Start(1, 2, 3, 4, 5);
        cluster.Live(1, 2, 3, 4, 5);
        await Write(cluster, 10);
        await cluster.StopNode(1);
        await cluster.StopNode(2);
        await Write(cluster, 10);
        await RelayCluster.Until(() => cluster.FollowersAre(3, 4, 5));
        await cluster.StopNode(3);
        await Write(cluster, 10);
        cluster.StartNode(1);
        cluster.StartNode(2);
        cluster.StartNode(3);
        await RelayCluster.Until(() => cluster.FollowersAre(1, 2, 3, 4, 5));
        await Write(cluster, 10);
        await RelayCluster.Until(() => cluster.AllHold(40));
        Assert.Equal(40, (await cluster.SequencesAt(1)).Count);
    }

    [Fact]
    public async Task With_few_others_the_leader_follows_itself_and_never_goes_back_to_one_copy()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(0);
        await Write(cluster, 20);
        cluster.Live(1);
        await RelayCluster.Until(() => cluster.FollowersAre(0, 1));
        await Write(cluster, 20);
        Assert.Equal(40, (await cluster.SequencesAt(1)).Count);
        cluster.Live(1, 2);
        await RelayCluster.Until(() => cluster.FollowersAre(0, 1, 2));
        cluster.Live(1, 2, 3);
        await RelayCluster.Until(() => cluster.FollowersAre(1, 2, 3));
        cluster.Live();
        await cluster.StopNode(2);
        await cluster.StopNode(3);
        await RelayCluster.Until(() => cluster.FollowersAre(0, 1) || cluster.FollowersAre(0, 1, 2) || cluster.FollowersAre(0, 1, 3));
        await Write(cluster, 10);
        await cluster.StopNode(1);
        var waiting = cluster.Write();
        await RelayCluster.Until(() => cluster.Leader.Followers.Any(node => node.Node.Id == cluster.Nodes[1].Id && !node.IsConnected));
        Assert.False(waiting.Outcome.IsCompleted);
        cluster.StartNode(1);
        await waiting.Outcome;
        Assert.Equal(51, (await cluster.SequencesAt(1)).Count);
    }

    [Fact]
    public async Task A_slow_follower_holds_nobody_up_and_catches_up_from_the_spool()
    {
        await using var cluster = new RelayCluster(3) { RingBytesMax = 64 << 10, WindowBytes = 32 << 10, LeaderOptions = Patient };
        await cluster.Start(1, 2, 3);
        await Write(cluster, 1);
        cluster.Network.Hold(cluster.Nodes[3].Id);
        await Write(cluster, 300, bytes: 4_000);
        Assert.True(cluster.Leader.Followers.Count <= 3);
        cluster.Network.LetGo(cluster.Nodes[3].Id);
        await RelayCluster.Until(() => cluster.AllHold(301));
        Assert.Equal(301, (await cluster.SequencesAt(3)).Count);
    }

    [Fact]
    public async Task A_follower_that_lags_is_replaced()
    {
        await using var cluster = new RelayCluster(4) { LeaderOptions = new RelayLeaderOptions { LagMax = TimeSpan.FromMilliseconds(300) } };
        cluster.Files[2].WriteError = null;
        await cluster.Start(1, 2, 3);
        cluster.Live(1, 2, 3, 4);
        await Write(cluster, 1);
        using (cluster.Files[2].HoldSyncs())
        {
            // It hears and answers heartbeats all the time; only its disk does not get on.
            while (!cluster.FollowersAre(1, 3, 4))
            {
                await cluster.Write().Outcome;
            }
        }

        await Write(cluster, 1);
    }

    [Fact]
    public async Task A_follower_that_reconnects_goes_on_where_it_stands()
    {
        await using var cluster = new RelayCluster(3) { RingBytesMax = 16 << 10 };
        await cluster.Start(1, 2, 3);
        for (var round = 0; round < 5; round++)
        {
            await Write(cluster, 20, bytes: 2_000);
            cluster.Network.Break(cluster.Nodes[1 + (round % 3)].Id);
        }

        await RelayCluster.Until(() => cluster.AllHold(100));
        var all = Enumerable.Range(1, 100).Select(i => (ulong)i).ToList();
        Assert.Equal(all, await cluster.SequencesAt(1));
        Assert.Equal(all, await cluster.SequencesAt(3));
    }

    [Fact]
    public async Task A_seal_fences_the_leader_and_everything_acknowledged_is_found()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(1, 2, 3);
        var writes = Enumerable.Range(0, 200).Select(i => cluster.Write(i % 7)).ToList();
        await Task.WhenAny(writes.Select(write => write.Outcome));
        await cluster.Recover();
        var one = await cluster.Store(1).SealAsync(cluster.Nodes[0].Session, 1, default);
        var two = await cluster.Store(3).SealAsync(cluster.Nodes[0].Session, 1, default);
        var reason = await cluster.Leader.Fenced;
        Assert.Contains("taken over", reason.Message);
        Assert.False(cluster.Leader.MayRead);

        var outcomes = await Task.WhenAll(writes.Select(async write =>
        {
            try
            {
                await write.Outcome;
                return true;
            }
            catch (StorageException)
            {
                return false;
            }
        }));
        Assert.True((ulong)outcomes.Count(confirmed => confirmed) <= Math.Max(one.Last, two.Last));
        Assert.Equal(one.Last, (ulong)(await cluster.SequencesAt(1)).Count);
        Assert.Equal(two.Last, (ulong)(await cluster.SequencesAt(3)).Count);
        cluster.NextEpoch();
        await Assert.ThrowsAsync<StorageException>(() => cluster.Write(99).Outcome);
    }

    [Fact]
    public async Task A_leader_that_finds_its_record_taken_over_is_fenced()
    {
        await using var cluster = new RelayCluster(4);
        await cluster.Start(1, 2, 3);
        cluster.Live(1, 2, 3, 4);
        await Write(cluster, 5);
        await cluster.Recover();
        await cluster.StopNode(2);
        await cluster.Leader.Fenced;
        Assert.Equal(1, cluster.Record.Generation);
    }

    [Fact]
    public async Task A_follower_with_a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_space()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(1, 2, 3);
        await Write(cluster, 5);
        await RelayCluster.Until(() => cluster.AllHold(5));
        cluster.Files[1].WriteError = Log.FaultyFiles.FullDisk();
        await Write(cluster, 5);
        await RelayCluster.Until(() => cluster.Store(1).Trouble is not null);
        await RelayCluster.Until(() => cluster.HeldBy(2) == 10);
        Assert.Equal(5ul, cluster.HeldBy(1));
        cluster.Files[1].WriteError = null;
        await RelayCluster.Until(() => cluster.AllHold(10));
        await cluster.StopNode(1);
        cluster.StartNode(1);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (ulong)i), await cluster.SequencesAt(1));
    }

    [Fact]
    public async Task What_is_in_the_bucket_is_forgotten_everywhere()
    {
        await using var cluster = new RelayCluster(3) { SegmentBytes = 64 << 10 };
        await cluster.Start(1, 2, 3);
        await Write(cluster, 200, bytes: 5_000);
        Assert.True(cluster.Leader.Log.Segments.Count > 10);
        await RelayCluster.Until(() => cluster.AllHold(200));
        cluster.Leader.Uploaded(190);
        await RelayCluster.Until(() => cluster.Store(1).Log.Segments.Count <= 4 && cluster.Store(3).Log.Segments.Count <= 4);
        Assert.True(cluster.Leader.Log.Segments.Count <= 4);
        Assert.Equal(200ul, (await cluster.SequencesAt(2))[^1]);
        Assert.InRange((await cluster.SequencesAt(2))[0], 170ul, 191ul);
        await Write(cluster, 3);
    }

    [Fact]
    public async Task Writes_fail_while_too_much_waits_for_the_bucket()
    {
        await using var cluster = new RelayCluster(1) { SegmentBytes = 64 << 10, RetainedBytesMax = 512 << 10 };
        await cluster.Start(0, 1);
        var error = await Assert.ThrowsAsync<StorageException>(async () =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                await cluster.Write(1, 5_000).Outcome;
            }
        });
        Assert.Contains("bucket", error.Message);
        cluster.NextEpoch();
        cluster.Leader.Uploaded(cluster.Leader.Log.ConfirmedSequence);
        await cluster.Write(1, 5_000).Outcome;
    }

    [Fact]
    public async Task A_spool_that_cannot_be_written_fails_writes_in_order_and_leaves_no_gap()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(1, 2, 3);
        await Write(cluster, 3);

        // One write is on its way without an answer when the disk is full.
        foreach (var node in (int[])[1, 2, 3])
        {
            cluster.Network.Hold(cluster.Nodes[node].Id);
        }

        var answered = new List<int>();
        var waiting = cluster.Write(1, decided: () => answered.Add(1));
        await RelayCluster.Until(() => cluster.Leader.Log.Batches == 4);
        cluster.SpoolFiles.WriteError = Log.FaultyFiles.FullDisk();
        var refused = cluster.Write(1, decided: () => answered.Add(2));
        var other = cluster.Write(2, decided: () => answered.Add(3));
        await RelayCluster.Until(() => cluster.Leader.Log.Failures > 0);
        Assert.Empty(answered);
        foreach (var node in (int[])[1, 2, 3])
        {
            cluster.Network.LetGo(cluster.Nodes[node].Id);
        }

        await waiting.Outcome;
        Assert.Contains("disk is full", (await Assert.ThrowsAsync<StorageException>(() => refused.Outcome)).Message);
        await Assert.ThrowsAsync<StorageException>(() => other.Outcome);
        Assert.Equal([1, 2, 3], answered);
        cluster.SpoolFiles.WriteError = null;
        await Assert.ThrowsAsync<StorageException>(() => cluster.Write().Outcome);
        cluster.NextEpoch();
        await Write(cluster, 3);
        await RelayCluster.Until(() => cluster.AllHold(7));
        Assert.Equal([1ul, 2, 3, 4, 5, 6, 7], await cluster.SequencesAt(2));
        Assert.Equal(0, cluster.Leader.Log.QueuedBytes);
    }

    [Fact]
    public async Task A_follower_that_takes_nothing_any_more_is_given_up_and_connected_anew()
    {
        await using var cluster = new RelayCluster(3) { LeaderOptions = Patient, SilenceMax = TimeSpan.FromMilliseconds(400) };
        await cluster.Start(1, 2, 3);
        await Write(cluster, 1);

        // What the leader says of its followers may be a tick old.
        await RelayCluster.Until(() => cluster.AllHold(1) && cluster.Leader.Followers.All(static node => node.IsConnected));
        var connects = cluster.Network.Connects;
        cluster.Network.Hold(cluster.Nodes[3].Id);

        // More than the network takes: the link is stuck in the middle of sending.
        await Write(cluster, 200);
        await RelayCluster.Until(() => cluster.Leader.Followers.Any(node => node.Node.Id == cluster.Nodes[3].Id && !node.IsConnected));
        cluster.Network.LetGo(cluster.Nodes[3].Id);
        await RelayCluster.Until(() => cluster.AllHold(201));
        Assert.True(cluster.Network.Connects > connects);
        Assert.Equal(201, (await cluster.SequencesAt(3)).Count);
    }

    [Fact]
    public async Task Reads_may_be_answered_only_while_a_majority_is_heard_of()
    {
        await using var cluster = new RelayCluster(3) { LeaderOptions = Patient };
        await cluster.Start(1, 2, 3);
        await RelayCluster.Until(() => cluster.Leader.MayRead);
        cluster.Network.Cut(cluster.Nodes[1].Id);
        cluster.Network.Cut(cluster.Nodes[2].Id);
        await RelayCluster.Until(() => !cluster.Leader.MayRead);
        cluster.Network.Mend(cluster.Nodes[1].Id);
        await RelayCluster.Until(() => cluster.Leader.MayRead);
    }

    [Fact]
    public async Task Stopping_answers_everything_that_was_taken()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(1, 2, 3);
        var writes = Enumerable.Range(0, 300).Select(i => cluster.Write(i)).ToArray();
        await cluster.Leader.StopAsync(default);
        Assert.All(writes, write => Assert.True(write.Outcome.IsCompletedSuccessfully));
        Assert.False(cluster.Leader.Fenced.IsCompleted);
    }

    [Fact]
    public async Task Stopping_without_followers_fails_what_is_undecided()
    {
        await using var cluster = new RelayCluster(3);
        await cluster.Start(1, 2, 3);
        await Write(cluster, 1);
        await cluster.StopNode(1);
        await cluster.StopNode(2);
        var waiting = cluster.Write();
        await cluster.Leader.DisposeAsync();
        await Assert.ThrowsAsync<StorageException>(() => waiting.Outcome);
    }

    /// <summary>No follower is ever given up.</summary>
    private static RelayLeaderOptions Patient => new() { DownAfter = TimeSpan.FromHours(1), LagMax = TimeSpan.FromHours(1) };

    private static async Task Write(RelayCluster cluster, int count, int bytes = 100)
    {
        for (var i = 0; i < count; i++)
        {
            await cluster.Write(1 + (i % 3), bytes).Outcome;
        }
    }
}
