using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Fleet;

public sealed class RemoteCallTests(MembershipServers servers)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_node_reaches_every_object_and_each_lives_once(bool postgres)
    {
        await using var fleet = await TestFleet.StartAsync(servers, 3, postgres);
        var names = Enumerable.Range(0, 24).Select(static i => $"o{i}").ToArray();
        foreach (var name in names)
        {
            foreach (var node in fleet.Nodes)
            {
                await node.Do(name, o =>
                {
                    o.Memory.Add("called");
                    return Task.CompletedTask;
                });
            }

            Assert.Equal(3, await fleet.Nodes[0].Run(name, static o => o.Memory.Count));
        }

        Assert.All(names, n => Assert.Equal(1, fleet.Scripts.For(n).Begun));
        Assert.All(fleet.Nodes, n => Assert.NotEqual(0, n.Runtime.ActiveCount));
    }

    [Fact]
    public async Task Arguments_and_results_travel_as_copies()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (stub, _) = await ElsewhereAsync(fleet, "values");
        Assert.Equal([1, 2], await stub.Echo([1, 2], TestContext.Current.CancellationToken).WaitAsync(TestNode.Bound));
        var same = await stub.Same(new Plain { Name = "a", Numbers = [3] });
        Assert.Equal(("a", 3), (same.Name, same.Numbers[0]));
        Assert.Equal(new Sealed("b", 4), await stub.Share(new Sealed("b", 4)));
        var id = stub.GetId();
        Assert.Equal(id, await stub.Run(Script.Keep(static o => Task.FromResult<object?>(o.Id))));
        Assert.Null(await stub.Run(Script.Keep(static _ => Task.FromResult<object?>(null))));
    }

    [Fact]
    public async Task Errors_arrive_as_what_they_are()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (stub, _) = await ElsewhereAsync(fleet, "errors");
        var plain = await Assert.ThrowsAsync<InvalidOperationException>(() => stub.Run(Script.Keep(static _ => throw new InvalidOperationException("no seat"))));
        Assert.Equal("no seat", plain.Message);
        var own = await Assert.ThrowsAsync<DurableObjectException>(() => stub.Run(Script.Keep(static _ => throw new OwnException("gone"))));
        Assert.Equal(("object_threw", true), (own.Code, own.Remote));
        Assert.Contains("OwnException: gone", own.Message, StringComparison.Ordinal);
        var aborted = await Assert.ThrowsAsync<DurableObjectException>(() => stub.Run(Script.Keep(static o =>
        {
            o.Context.Abort("enough");
            return Task.FromResult<object?>(null);
        })));
        Assert.Equal(("aborted", true, true), (aborted.Code, aborted.Retryable, aborted.Remote));
    }

    [Fact]
    public async Task A_token_cancels_on_the_other_node()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (stub, node) = await ElsewhereAsync(fleet, "cancel");
        using var cancel = new CancellationTokenSource();
        var waiting = stub.Cancellable(cancel.Token);
        await TestNode.Until(() => node.Runtime.Find(stub.GetId().Key) is { IsIdle: false });
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TestNode.Bound));
    }

    [Fact]
    public async Task Calls_through_one_stub_arrive_in_order_while_the_object_moves()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (stub, node) = await ElsewhereAsync(fleet, "order");
        await stub.Run(Script.Keep(static o =>
        {
            o.Sql.Exec("CREATE TABLE seen (n)");
            return Task.FromResult<object?>(null);
        }));
        var calls = new List<Task<object?>>();
        for (var i = 0; i < 400; i++)
        {
            var n = i;
            calls.Add(stub.Run(Script.Keep(o =>
            {
                o.Sql.Exec("INSERT INTO seen VALUES (?)", n);
                return Task.FromResult<object?>(null);
            })));
            if (i is 100 or 200 or 300)
            {
                _ = node.Host.ReleaseAsync(stub.GetId().Key, CancellationToken.None);
                await Task.Yield();
            }
        }

        await Task.WhenAll(calls).WaitAsync(TestNode.Bound);
        var seen = await fleet.Nodes[0].Run("order", static o => o.Sql.Exec<int>("SELECT n FROM seen ORDER BY rowid").ToArray());
        Assert.Equal(Enumerable.Range(0, 400), seen);
    }

    [Fact]
    public async Task A_call_that_takes_long_is_answered()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (stub, _) = await ElsewhereAsync(fleet, "long");
        var end = new TaskCompletionSource<object?>();
        var call = stub.Run(Script.Keep(_ => end.Task));

        // Longer than a node waits before it says that the call still runs.
        await Task.Delay(TimeSpan.FromSeconds(11), TestContext.Current.CancellationToken);
        Assert.False(call.IsCompleted);
        end.SetResult("done");
        Assert.Equal("done", await call.WaitAsync(TestNode.Bound));
    }

    [Fact]
    public async Task A_call_that_comes_back_to_a_closed_gate_is_a_deadlock()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (outer, inner) = await ApartAsync(fleet);
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => fleet.NodeOf(outer).Do(outer, o => o.Context.BlockConcurrencyWhile(async () =>
        {
            // Out to the other node, and from there back to the object whose gate is closed.
            await Here(fleet, outer).Objects.GetByName(inner).Run(Script.Keep(async _ =>
                await Here(fleet, inner).Objects.GetByName(outer).Run(Script.Keep(static _ => Task.FromResult<object?>(null)))));
        })));
        Assert.Equal("deadlock", error.Code);
    }

    [Fact]
    public async Task A_recursion_between_nodes_ends()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var (one, other) = await ApartAsync(fleet);
        Task<object?> Call(string from, string to, int depth) =>
            Here(fleet, from).Objects.GetByName(to).Run(Script.Keep(_ => Call(to, from, depth + 1)));
        var error = await Assert.ThrowsAsync<DurableObjectException>(() =>
            fleet.Nodes[0].Run(one, _ => Call(one, other, 0)).WaitAsync(TestNode.Bound));
        Assert.Equal("too_deep", error.Code);
    }

    [Fact]
    public async Task A_node_that_does_not_host_objects_calls_them()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1);
        var caller = await fleet.AddAsync(static o => o.Cluster!.HostsObjects = false);
        await fleet.MeetAsync();
        for (var i = 0; i < 8; i++)
        {
            await caller.Run($"o{i}", static o => o.Memory.Count);
        }

        Assert.Equal((8, 0), (fleet.Nodes[0].Runtime.ActiveCount, caller.Runtime.ActiveCount));
    }

    [Fact]
    public async Task A_hint_prefers_the_zone_of_that_name()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var near = await fleet.AddAsync(static o => o.Cluster!.Zone = "weur");
        await fleet.MeetAsync();
        var labels = near.Runtime.Fleet!.Self;
        await TestNode.Until(() => fleet.Nodes.All(n => n.Runtime.Fleet!.ZoneOf(labels) == "weur"));
        for (var i = 0; i < 8; i++)
        {
            await fleet.Nodes[0].Objects.GetByName($"o{i}", LocationHint.WesternEurope).Run(Script.Keep(static _ => Task.FromResult<object?>(null)));
        }

        Assert.Equal(8, near.Runtime.ActiveCount);
    }

    private sealed class OwnException(string message) : Exception(message);

    private static FleetNode Here(TestFleet fleet, string objectName) => fleet.NodeOf(objectName);

    /// <summary>A stub of an object, on another node than the object.</summary>
    private static async Task<(IScripted Stub, FleetNode Node)> ElsewhereAsync(TestFleet fleet, string name)
    {
        await fleet.Nodes[0].Run(name, static o => o.Memory.Count);
        var node = fleet.NodeOf(name);
        return (fleet.OtherThan(node).Objects.GetByName(name), node);
    }

    /// <summary>Two objects on two nodes.</summary>
    private static async Task<(string One, string Other)> ApartAsync(TestFleet fleet)
    {
        await fleet.Nodes[0].Run("a0", static o => o.Memory.Count);
        for (var i = 1; ; i++)
        {
            await fleet.Nodes[0].Run($"a{i}", static o => o.Memory.Count);
            if (fleet.NodeOf($"a{i}") != fleet.NodeOf("a0"))
            {
                return ("a0", $"a{i}");
            }
        }
    }
}
