using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Loop;

public sealed class DeadlockTests(TestNode node) : IClassFixture<TestNode>
{
    [Fact]
    public async Task A_circular_call_works_when_no_section_is_held()
    {
        await node.Do("c1", async _ => await node.Do("c2", async _ => await node.Run("c1", o => o.Memory.Count)))
            .WaitAsync(TestNode.Bound);
    }

    [Fact]
    public async Task A_circular_call_into_a_held_section_fails_at_once()
    {
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => node.Do(
            "d1", o => o.Context.BlockConcurrencyWhile(async () => await node.Do("d2", async _ => await node.Run("d1", _ => true))))
            .WaitAsync(TestNode.Bound));
        Assert.Equal("deadlock", error.Code);
    }

    [Fact]
    public async Task Calling_oneself_from_a_transaction_fails_at_once()
    {
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => node.Do(
            "self", o => o.Storage.Transaction(async () => await node.Run("self", _ => true))).WaitAsync(TestNode.Bound));
        Assert.Equal("deadlock", error.Code);
        Assert.True(await node.Run("self", _ => true));
    }

    [Fact]
    public async Task Two_sections_that_call_each_other_do_not_wait_for_ever()
    {
        var first = new TaskCompletionSource();
        var second = new TaskCompletionSource();
        var one = Cross("x1", "x2", first, second.Task);
        var two = Cross("x2", "x1", second, first.Task);
        var failed = 0;
        foreach (var task in (Task[])[one, two])
        {
            try
            {
                await task.WaitAsync(TestNode.Bound);
            }
            catch (DurableObjectException e) when (e.Code == "deadlock")
            {
                failed++;
            }
        }

        Assert.InRange(failed, 1, 2);

        Task Cross(string own, string other, TaskCompletionSource entered, Task bothIn) => node.Do(
            own, o => o.Storage.Transaction(async () =>
            {
                entered.SetResult();
                await bothIn;
                await node.Run(other, _ => true);
            }));
    }

    [Fact]
    public async Task A_running_call_whose_continuation_is_held_counts_as_waiting()
    {
        // r1 holds a section and calls r2; that call awaits something outside, while another call to r2 takes a section
        // there and calls r1.
        var inside = new TaskCompletionSource();
        var outside = new TaskCompletionSource();
        var one = node.Do("r1", o => o.Storage.Transaction(async () => await node.Do("r2", async _ =>
        {
            inside.SetResult();
            await outside.Task;
        })));
        await inside.Task.WaitAsync(TestNode.Bound);
        var two = node.Do("r2", o => o.Storage.Transaction(async () =>
        {
            outside.SetResult();
            await node.Run("r1", _ => true);
        }));
        var results = await Task.WhenAll(Outcome(one), Outcome(two)).WaitAsync(TestNode.Bound);
        Assert.Contains("deadlock", results);
    }

    [Fact]
    public async Task A_section_that_begins_later_counts_for_those_who_wait_already()
    {
        // l1 holds a section and calls l2, which holds one too. When that ends the next section there calls l1.
        var held = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var queue = node.Do("l2", async o =>
        {
            var first = o.Storage.Transaction(async () =>
            {
                held.SetResult();
                await release.Task;
            });
            var second = o.Storage.Transaction(async () => await node.Run("l1", _ => true));
            await Task.WhenAll(first, second);
        });
        await held.Task.WaitAsync(TestNode.Bound);
        var one = node.Do("l1", o => o.Storage.Transaction(async () =>
        {
            var call = node.Run("l2", _ => true);
            await TestNode.Until(() => node.Find("l2")!.Loop.Backlog > 0);
            release.SetResult();
            await call;
        }));
        var results = await Task.WhenAll(Outcome(queue), Outcome(one)).WaitAsync(TestNode.Bound);
        Assert.Contains("deadlock", results);
    }

    [Fact]
    public async Task An_endless_recursion_between_objects_is_cut()
    {
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => Recurse(0).WaitAsync(TestNode.Bound));
        Assert.Equal("too_deep", error.Code);

        Task Recurse(int depth) => node.Do($"deep-{depth % 2}", _ => Recurse(depth + 1));
    }

    private static async Task<string> Outcome(Task task)
    {
        try
        {
            await task;
            return "done";
        }
        catch (DurableObjectException e)
        {
            return e.Code;
        }
    }
}
