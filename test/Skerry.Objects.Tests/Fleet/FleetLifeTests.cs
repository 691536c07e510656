using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Fleet;

public sealed class FleetLifeTests(MembershipServers servers)
{
    [Fact]
    public async Task An_object_moves_with_its_state_when_another_session_wants_it()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        await fleet.Nodes[0].Act("moves", static o => o.Insert());
        var first = fleet.NodeOf("moves");
        var key = first.Objects.IdFromName("moves").Key;

        // As if the directory had made a second activation: the other node claims it, whoever has it.
        var other = fleet.OtherThan(first);
        using (await other.Home.PrepareAsync(key, TestContext.Current.CancellationToken))
        {
            Assert.False(first.Has("moves"));
            Assert.Equal(other, fleet.Owners[key]);
        }

        Assert.Equal(1, await first.Run("moves", static o => o.Count));
        Assert.Equal(2, fleet.Scripts.For("moves").Begun);
    }

    [Fact]
    public async Task Releasing_lets_calls_end_and_breaks_those_that_do_not()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1, configure: static o => o.Cluster!.ReleaseGrace = TimeSpan.FromMilliseconds(500));
        var node = fleet.Nodes[0];
        var end = new TaskCompletionSource<object?>();
        var call = node.Run("ends", async o =>
        {
            var result = await end.Task;
            o.Insert();
            return result;
        });
        await TestNode.Until(() => node.Runtime.Find(node.Objects.IdFromName("ends").Key) is { IsIdle: false });
        var released = node.Host.ReleaseAsync(node.Objects.IdFromName("ends").Key, CancellationToken.None);
        Assert.False(released.IsCompleted);
        end.SetResult("in time");
        Assert.Equal("in time", await call.WaitAsync(TestNode.Bound));
        await released.WaitAsync(TestNode.Bound);
        Assert.Equal(1, await node.Run("ends", static o => o.Count));

        var never = node.Run("never", static _ => new TaskCompletionSource<object?>().Task);
        await TestNode.Until(() => node.Runtime.Find(node.Objects.IdFromName("never").Key) is { IsIdle: false });
        await node.Host.ReleaseAsync(node.Objects.IdFromName("never").Key, CancellationToken.None).WaitAsync(TestNode.Bound);
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => never);
        Assert.Equal(("moved", true), (error.Code, error.Retryable));
    }

    [Fact]
    public async Task An_answer_waits_for_the_lease_but_not_if_it_waits_for_its_own_write()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1);
        var node = fleet.Nodes[0];
        await node.Act("leased", static o => o.Insert());
        node.Home.LeaseHolds = false;
        var read = node.Run("leased", static o => o.Count);
        Assert.Equal(2, await node.Run("leased", static o =>
        {
            o.Insert();
            return o.Count;
        }));

        // The write came after it, and its confirmation proves both.
        Assert.Equal(1, await read);
        read = node.Run("leased", static o => o.Count);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.False(read.IsCompleted);
        node.Home.LeaseHolds = true;
        Assert.Equal(2, await read);
    }

    [Fact]
    public async Task A_node_that_is_declared_dead_ends_its_process_and_its_objects_come_up_elsewhere()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 3);
        for (var i = 0; i < 12; i++)
        {
            await fleet.Nodes[0].Act($"o{i}", static o => o.Insert());
        }

        var dead = fleet.Nodes[2];
        Assert.NotEqual(0, dead.Runtime.ActiveCount);
        await fleet.Nodes[0].Host.DeclareDeadAsync(dead.Host.Membership!, CancellationToken.None);
        Assert.Equal(75, await dead.Ended.Task.WaitAsync(TestNode.Bound, TestContext.Current.CancellationToken));
        await dead.StopAsync();
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(1, await fleet.Nodes[0].Run($"o{i}", static o => o.Count));
        }
    }

    [Fact]
    public async Task A_fenced_node_fails_its_callers_and_ends_its_process()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1);
        var node = fleet.Nodes[0];
        var waiting = node.Run("fenced", static _ => new TaskCompletionSource<object?>().Task);
        await TestNode.Until(() => node.Runtime.Find(node.Objects.IdFromName("fenced").Key) is { IsIdle: false });
        node.Host.Fenced("it was sealed.");
        Assert.True((await Assert.ThrowsAsync<DurableObjectException>(() => waiting.WaitAsync(TestNode.Bound))).Retryable);
        Assert.Equal("fenced", (await Assert.ThrowsAsync<DurableObjectException>(() => node.Run("fenced", static o => o.Count))).Code);
        Assert.Equal(75, await node.Ended.Task.WaitAsync(TestNode.Bound, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nodes_restart_one_by_one_under_load_and_no_call_fails()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 3);
        using var stop = new CancellationTokenSource();
        var counts = new int[20];

        // The client is always on a node that is not being restarted, as behind a load balancer.
        var restarting = -1;
        var clients = Enumerable.Range(0, counts.Length).Select(i => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var node = fleet.Nodes[(restarting + 1 + (i % 2)) % 3];
                await node.Act($"o{i}", static o => o.Insert());
                counts[i]++;
            }
        })).ToArray();
        for (var round = 0; round < 3; round++)
        {
            await TestNode.Until(() => counts.All(c => c > round * 20));
            restarting = round;

            // Calls that began on it end on it.
            await Task.Delay(100, TestContext.Current.CancellationToken);
            await fleet.Nodes[round].StopAsync();
            await fleet.Nodes[round].StartAsync();
            await fleet.MeetAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TestNode.Bound);
        for (var i = 0; i < counts.Length; i++)
        {
            // Neither lost nor run twice.
            Assert.Equal(counts[i], await fleet.Nodes[0].Run($"o{i}", static o => o.Count));
        }
    }

    [Fact]
    public async Task An_alarm_runs_where_the_object_lives_whoever_looks_after_it()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var ran = new TaskCompletionSource<FleetNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        fleet.Scripts.For("alarm").Alarm = (_, _) =>
        {
            ran.TrySetResult(fleet.NodeOf("alarm"));
            return Task.CompletedTask;
        };
        await fleet.Nodes[0].Act("alarm", static o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddHours(1)));
        var home = fleet.NodeOf("alarm");
        var other = fleet.OtherThan(home);

        // The stored alarm is what counts: one that is looked after too early changes nothing. Who looked after it
        // forgets it, but not before the alarm outlives the object's node.
        var keeping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        home.Home.Keeping = keeping.Task;
        other.Host.AdoptAlarm(other.Objects.IdFromName("alarm").Key, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        await TestNode.Until(() => other.Runtime.Alarms.Count == 0);
        Assert.Empty(other.Home.Woken);
        keeping.SetResult();
        await TestNode.Until(() => !other.Home.Woken.IsEmpty);
        Assert.Equal(1, home.Home.AlarmsKept);
        Assert.False(ran.Task.IsCompleted);

        await home.Act("alarm", static o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddSeconds(1)));
        Assert.True(home.Runtime.Alarms.Remove(home.Objects.IdFromName("alarm").Key));
        other.Host.AdoptAlarm(other.Objects.IdFromName("alarm").Key, DateTimeOffset.UtcNow.AddSeconds(1.1).ToUnixTimeMilliseconds());
        Assert.Equal(home, await ran.Task.WaitAsync(TestNode.Bound, TestContext.Current.CancellationToken));
        await TestNode.Until(() => other.Home.Woken.Count == 2);
        Assert.All(other.Home.Woken, static found => Assert.Null(found));

        // One that is not the object's any more is found out at home too.
        home.Host.AdoptAlarm(home.Objects.IdFromName("alarm").Key, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        await TestNode.Until(() => home.Home.Woken.Contains(0));
    }

    [Fact]
    public async Task A_start_that_fails_is_told_on_other_nodes()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        fleet.Scripts.For("fails").Constructor = static _ => throw new InvalidOperationException("not today");
        foreach (var node in fleet.Nodes)
        {
            Assert.Equal("not today", (await Assert.ThrowsAsync<InvalidOperationException>(() => node.Run("fails", static o => o.Memory.Count))).Message);
        }
    }

    [Fact]
    public async Task An_object_whose_start_is_queued_is_released_at_once_and_its_callers_hear_nothing_of_it()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1, configure: static o =>
        {
            o.ConcurrentStartsMax = 1;
            o.Cluster!.ReleaseGrace = TimeSpan.FromHours(1);
        });
        var node = fleet.Nodes[0];
        var open = new TaskCompletionSource();
        node.Home.Slow = open.Task;
        var first = node.Run("first", static o => o.Memory.Count);
        await TestNode.Until(() => node.Has("first"));
        var second = node.Run("second", static o => o.Memory.Count);
        await TestNode.Until(() => node.Runtime.Starts.Waiting == 1);

        await node.Host.ReleaseAsync(node.Objects.IdFromName("second").Key, CancellationToken.None).WaitAsync(TestNode.Bound, TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);
        open.SetResult();
        await Task.WhenAll(first, second).WaitAsync(TestNode.Bound, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task While_thousands_of_objects_come_up_the_others_stay_fast()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1, configure: static o => o.ConcurrentStartsMax = 8);
        var node = fleet.Nodes[0];
        await node.Act("known", static o => o.Insert());
        var key = node.Objects.IdFromName("known").Key;
        await node.Host.ReleaseAsync(key, CancellationToken.None);
        var open = new TaskCompletionSource();
        node.Home.Slow = open.Task;
        var starts = Enumerable.Range(0, 2_000).Select(i => node.Run($"slow{i}", static o => o.Memory.Count)).ToArray();
        await TestNode.Until(() => node.Runtime.Starts.Waiting > 1_000);

        // It is this node's already, so it does not queue behind them.
        Assert.Equal(1, await node.Run("known", static o => o.Count));
        Assert.All(starts, static s => Assert.False(s.IsCompleted));
        open.SetResult();
        await Task.WhenAll(starts).WaitAsync(TestNode.Bound);
    }

    [Fact]
    public async Task The_last_node_that_stops_says_so()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1);
        var node = fleet.Nodes[0];
        await node.Act("last", static o => o.Insert());
        var objects = node.Objects;
        await node.Runtime.StopAsync(TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => objects.GetByName("last").Run(Script.Keep(static _ => Task.FromResult<object?>(null))).WaitAsync(TestNode.Bound));
        Assert.Equal("stopping", error.Code);
    }
}
