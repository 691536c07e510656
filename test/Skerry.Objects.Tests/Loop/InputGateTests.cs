using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Loop;

public sealed class InputGateTests(TestNode node) : IClassFixture<TestNode>
{
    [Fact]
    public async Task Events_interleave_where_the_code_awaits_the_outside()
    {
        var began = new TaskCompletionSource();
        var outside = new TaskCompletionSource();
        var first = node.Do("interleave", async o =>
        {
            o.Memory.Add("a1");
            began.SetResult();
            await outside.Task;
            o.Memory.Add("a2");
        });
        await began.Task.WaitAsync(TestNode.Bound);
        await node.Run("interleave", o => o.Memory.Add("b"));
        outside.SetResult();
        await first.WaitAsync(TestNode.Bound);
        Assert.Equal("a1 b a2", await node.Run("interleave", o => string.Join(' ', o.Memory)));
    }

    [Fact]
    public async Task Nothing_enters_at_awaits_of_storage()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => node.Do("storage", async o =>
        {
            var n = await o.Kv.GetAsync<int>("n");
            await o.Kv.PutAsync("n", n + 1);
        }))).WaitAsync(TestNode.Bound);
        Assert.Equal(200, await node.Run("storage", o => o.Kv.Get<int>("n")));
    }

    [Fact]
    public async Task A_section_lets_only_its_own_continuations_through_and_sections_go_first()
    {
        const string Name = "section";
        var open = new TaskCompletionSource();
        var other = new TaskCompletionSource();
        var otherCall = node.Do(Name, async o =>
        {
            await other.Task;
            o.Memory.Add("other");
        });
        var started = new TaskCompletionSource();
        var section = node.Do(Name, async o =>
        {
            var one = o.Context.BlockConcurrencyWhile(async () =>
            {
                o.Memory.Add("s1<");
                started.SetResult();
                await open.Task;
                await Task.Yield();
                o.Memory.Add(">s1");
            });
            var two = o.Context.BlockConcurrencyWhile(async () =>
            {
                o.Memory.Add("s2<");
                await Task.Yield();
                o.Memory.Add(">s2");
            });
            await Task.WhenAll(one, two);
        });
        await started.Task.WaitAsync(TestNode.Bound);
        var late = Enumerable.Range(0, 3).Select(i => node.Do(Name, o =>
        {
            o.Memory.Add($"c{i}");
            return Task.CompletedTask;
        })).ToArray();
        other.SetResult();
        open.SetResult();
        await Task.WhenAll([section, otherCall, .. late]).WaitAsync(TestNode.Bound);
        var order = await node.Run(Name, o => string.Join(' ', o.Memory));
        Assert.StartsWith("s1< >s1 s2< >s2 ", order, StringComparison.Ordinal);
        Assert.Equal(["c0", "c1", "c2"], order.Split(' ').Where(s => s[0] == 'c'));
    }

    [Fact]
    public async Task Sections_nest_and_a_nested_one_that_outlives_its_parent_gives_the_gate_back()
    {
        var open = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var first = node.Do("nested", async o =>
        {
            await o.Context.BlockConcurrencyWhile(async () =>
            {
                await o.Context.BlockConcurrencyWhile(async () => await Task.Yield());
                _ = o.Context.BlockConcurrencyWhile(async () =>
                {
                    entered.SetResult();
                    await open.Task;
                });
            });
        });
        await entered.Task.WaitAsync(TestNode.Bound);
        var call = node.Run("nested", o => o.Memory.Count);
        Assert.False(call.IsCompleted);
        open.SetResult();
        Assert.Equal(0, await call.WaitAsync(TestNode.Bound));
        await first.WaitAsync(TestNode.Bound);
    }

    [Fact]
    public async Task Code_that_began_in_an_ended_section_can_start_another()
    {
        var outside = new TaskCompletionSource();
        var done = new TaskCompletionSource();
        await node.Do("ended", o => o.Context.BlockConcurrencyWhile(() =>
        {
            _ = Detached(o);
            return Task.CompletedTask;
        })).WaitAsync(TestNode.Bound);
        outside.SetResult();
        await done.Task.WaitAsync(TestNode.Bound);

        async Task Detached(Scripted o)
        {
            await outside.Task;
            await o.Context.BlockConcurrencyWhile(async () => await Task.Yield());
            done.SetResult();
        }
    }

    [Fact]
    public async Task A_section_that_throws_resets_the_object_and_rejects_who_waits()
    {
        var fail = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var section = node.Do("throws", o => o.Context.BlockConcurrencyWhile(async () =>
        {
            o.Memory.Add("lost");
            entered.SetResult();
            await fail.Task;
        }));
        await entered.Task.WaitAsync(TestNode.Bound);
        var waiter = node.Run("throws", o => o.Memory.Count);
        fail.SetException(new InvalidOperationException("no"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => section.WaitAsync(TestNode.Bound));
        await Assert.ThrowsAsync<InvalidOperationException>(() => waiter);
        Assert.Equal(0, await node.Run("throws", o => o.Memory.Count));
        Assert.Equal(2, node.Scripts.For("throws").Begun);
    }

    [Fact]
    public async Task A_section_that_takes_too_long_resets_the_object()
    {
        await using var hasty = await TestNode.StartAsync(o => o.CriticalSectionTimeout = TimeSpan.FromMilliseconds(100));
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => hasty.Do(
            "slow", o => o.Context.BlockConcurrencyWhile(() => new TaskCompletionSource().Task)).WaitAsync(TestNode.Bound));
        Assert.Equal("blocked_too_long", error.Code);
        Assert.True(error.Retryable);
        Assert.True(await hasty.Run("slow", _ => true));
    }

    [Fact]
    public async Task No_call_enters_before_the_constructor_and_its_sections_have_ended()
    {
        var open = new TaskCompletionSource();
        var script = node.Scripts.For("constructor");
        script.Constructor = o =>
        {
            o.Insert();
            o.Context.BlockConcurrencyWhile(async () =>
            {
                await open.Task;
                o.Memory.Add("first");
            });
            o.Context.BlockConcurrencyWhile(async () =>
            {
                await Task.Yield();
                o.Memory.Add("second");
            });
        };
        var calls = Enumerable.Range(0, 20).Select(_ => node.Run("constructor", o => string.Join(' ', o.Memory) + o.Count)).ToArray();
        open.SetResult();
        Assert.All(await Task.WhenAll(calls), text => Assert.Equal("first second1", text));
        Assert.Equal(1, script.Begun);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failing_start_reaches_every_caller_and_the_next_call_tries_again(bool late)
    {
        var name = $"failing-start-{late}";
        var script = node.Scripts.For(name);
        script.Constructor = o =>
        {
            if (!late)
            {
                throw new NotSupportedException("cannot start");
            }

            o.Context.BlockConcurrencyWhile(async () =>
            {
                await Task.Yield();
                throw new NotSupportedException("cannot start");
            });
        };
        var calls = Enumerable.Range(0, 10).Select(_ => node.Run(name, _ => true)).ToArray();
        foreach (var call in calls)
        {
            await Assert.ThrowsAsync<NotSupportedException>(() => call.WaitAsync(TestNode.Bound));
        }

        script.Constructor = null;
        Assert.True(await node.Run(name, _ => true));
    }
}
