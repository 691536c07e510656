using System.Diagnostics;
using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Activation;

public sealed class LifetimeTests
{
    [Fact]
    public async Task A_name_has_one_instance_however_many_call_first()
    {
        await using var node = await TestNode.StartAsync();
        for (var round = 0; round < 20; round++)
        {
            var name = $"one-{round}";
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => node.Run(name, o => o.Insert()))));
            Assert.Equal(50, await node.Run(name, o => o.Count));
            Assert.Equal(1, node.Scripts.For(name).Begun);
        }
    }

    [Fact]
    public async Task Calls_through_one_stub_arrive_in_order_even_while_the_object_comes_into_memory()
    {
        await using var node = await TestNode.StartAsync();
        var stub = node.Objects.GetByName("ordered");
        for (var round = 0; round < 10; round++)
        {
            var calls = Enumerable.Range(0, 30).Select(i => stub.Run(Script.Keep(o =>
            {
                o.Memory.Add($"{i}");
                return Task.FromResult<object?>(null);
            }))).ToArray();
            await Task.WhenAll(calls);
            Assert.Equal(string.Join(' ', Enumerable.Range(0, 30)), await node.Run("ordered", o => string.Join(' ', o.Memory)));
            await node.Evict("ordered");
        }
    }

    [Fact]
    public async Task Calls_and_evictions_race_and_no_call_is_lost_or_runs_twice()
    {
        await using var node = await TestNode.StartAsync();
        using var stop = new CancellationTokenSource();
        var evicting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Find("raced")?.RequestRetire();
                await Task.Delay(1);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 250; i++)
            {
                await node.Run("raced", o => o.Insert()).WaitAsync(TestNode.Bound);
            }
        })));
        await stop.CancelAsync();
        await evicting;
        Assert.Equal(1000, await node.Run("raced", o => o.Count));
    }

    [Fact]
    public async Task An_idle_object_leaves_memory_and_comes_back_with_its_state()
    {
        await using var node = await TestNode.StartAsync(o => o.IdleEvict = TimeSpan.FromMilliseconds(1));
        var work = new TaskCompletionSource();
        await node.Run("idle", o =>
        {
            o.Insert();
            o.Memory.Add("gone");
            o.Context.WaitUntil(work.Task);
        });
        await node.Run("other", o => o.Insert());
        await TestNode.Until(() => node.Find("other") is null);
        Assert.NotNull(node.Find("idle"));
        work.SetResult();
        await TestNode.Until(() => node.Find("idle") is null);
        Assert.Equal(1, await node.Run("idle", o => o.Count + o.Memory.Count));
    }

    [Fact]
    public async Task Few_open_databases_and_few_objects_in_memory_serve_many()
    {
        await using var node = await TestNode.StartAsync(o =>
        {
            o.OpenDatabasesMax = 2;
            o.ActiveObjectsMax = 10;
        });
        for (var round = 1; round <= 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 50).Select(i => node.Run($"many-{i}", o => o.Insert())));
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(3, await node.Run($"many-{i}", o => o.Count));
        }

        await TestNode.Until(() =>
        {
            // Those asked to leave do so in their own time; every opening asks again.
            _ = node.Run("many-0", o => o.Count);
            _ = node.Run("many-1", o => o.Count);
            _ = node.Run("many-2", o => o.Count);
            return node.Runtime.OpenDatabases.Count <= 4 && node.Runtime.ActiveCount <= 13;
        });
    }

    [Fact]
    public async Task State_survives_a_restart_and_stopping_tells_callers()
    {
        await using var node = await TestNode.StartAsync();
        await node.Run("kept", o => o.Insert());
        var waiting = node.Do("waiting", _ => new TaskCompletionSource().Task);
        await node.RestartAsync();
        Assert.Equal("stopping", (await Assert.ThrowsAsync<DurableObjectException>(() => waiting.WaitAsync(TestNode.Bound))).Code);
        Assert.Equal(1, await node.Run("kept", o => o.Count));
    }

    [Fact]
    public async Task Code_that_never_returns_does_not_hold_up_the_stop()
    {
        var node = await TestNode.StartAsync();
        using var release = new ManualResetEventSlim();
        var stuck = node.Run("stuck", async o =>
        {
            await Task.Yield();
            o.Insert();
            release.Wait();
            return null;
        });
        await TestNode.Until(() => node.Find("stuck") is { } active && active.Loop.IsBusy);
        var clock = Stopwatch.StartNew();
        await node.StopAsync().WaitAsync(TestNode.Bound);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        await Assert.ThrowsAsync<DurableObjectException>(() => stuck);
        release.Set();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task Too_many_waiting_calls_are_refused_as_overload()
    {
        await using var node = await TestNode.StartAsync(o => o.QueuedCallsMax = 5);
        var open = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var section = node.Do("busy", o => o.Context.BlockConcurrencyWhile(async () =>
        {
            entered.SetResult();
            await open.Task;
        }));
        await entered.Task.WaitAsync(TestNode.Bound);
        var waiting = Enumerable.Range(0, 5).Select(_ => node.Run("busy", _ => true)).ToArray();
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => node.Run("busy", _ => true));
        Assert.True(error.Overloaded);
        Assert.True(error.Retryable);
        open.SetResult();
        await section;
        await Task.WhenAll(waiting).WaitAsync(TestNode.Bound);
    }
}
