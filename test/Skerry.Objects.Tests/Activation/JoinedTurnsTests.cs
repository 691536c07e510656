using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Activation;

/// <summary>Events that waited together share a commit; what each of them wrote must stay its own all the same.</summary>
public sealed class JoinedTurnsTests(TestNode node) : IClassFixture<TestNode>
{
    [Fact]
    public async Task An_abort_takes_back_its_own_writes_only()
    {
        await node.Run("abort", o => o.Insert());
        var (first, second) = await Together("abort", o => o.Insert(), o =>
        {
            o.Insert();
            o.Insert();
            o.Context.Abort();
        });
        await Assert.ThrowsAsync<DurableObjectException>(() => second);
        await Task.WhenAny(first);
        Assert.Equal(2, await node.Run("abort", o => o.Count));
    }

    [Fact]
    public async Task A_bookmark_lies_between_the_events_before_it_and_its_own()
    {
        await node.Run("bookmark", o => o.Insert());
        var bookmark = "";
        var (first, second) = await Together("bookmark", o => o.Insert(), o =>
        {
            bookmark = o.Storage.GetCurrentBookmark();
            o.Sql.Exec("DELETE FROM t");
        });
        await Task.WhenAll(first, second);
        Assert.Equal(0, await node.Run("bookmark", o => o.Count));
        await Assert.ThrowsAsync<DurableObjectException>(() => node.Do("bookmark", async o =>
        {
            await o.Storage.OnNextSessionRestoreBookmark(bookmark);
            o.Context.Abort();
        }));
        Assert.Equal(2, await node.Run("bookmark", o => o.Count));
    }

    [Fact]
    public async Task Many_events_that_waited_together_are_all_kept()
    {
        await node.Run("many", o => o.Insert());
        using var busy = new ManualResetEventSlim();
        var blocker = Block("many", busy, out var running);
        await running;
        var calls = Enumerable.Range(0, 200).Select(_ => node.Run("many", o => o.Insert())).ToArray();
        busy.Set();
        await blocker;
        await Task.WhenAll(calls);
        await node.Evict("many");
        Assert.Equal(201, await node.Run("many", o => o.Count));
    }

    [Fact]
    public async Task Sync_waits_for_writes_that_nothing_else_waits_for_and_resets_nothing()
    {
        await node.Do("sync-all", async o =>
        {
            o.Kv.Put("k", 1, new KvWriteOptions { AllowUnconfirmed = true });
            await o.Storage.Sync();
            o.Kv.Put("k", 2, new KvWriteOptions { AllowUnconfirmed = true });
        });
        Assert.Equal(2, await node.Run("sync-all", o => o.Kv.Get<int>("k")));
        Assert.Equal(1, node.Scripts.For("sync-all").Begun);
    }

    private async Task<(Task First, Task Second)> Together(string name, Action<Scripted> first, Action<Scripted> second)
    {
        using var busy = new ManualResetEventSlim();
        var blocker = Block(name, busy, out var running);
        await running;
        var calls = (node.Run(name, first), node.Run(name, second));
        busy.Set();
        await blocker;
        return calls;
    }

    /// <summary>Keeps the object's thread until the event is set, so that what comes meanwhile waits together.</summary>
    private Task Block(string name, ManualResetEventSlim until, out Task running)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        running = begun.Task;
        return Task.Run(() => node.Run(name, _ =>
        {
            begun.SetResult();
            until.Wait();
        }));
    }
}
