using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay;

public sealed class RelayLoopTests
{
    [Fact]
    public async Task Everything_runs_on_one_thread_one_at_a_time_and_comes_back_to_it()
    {
        using var loop = new RelayLoop();
        var (inside, most, count) = (0, 0, 0);
        var threads = new HashSet<int>();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => loop.RunAsync(async () =>
        {
            for (var step = 0; step < 20; step++)
            {
                Assert.True(loop.IsCurrent);
                inside++;
                most = Math.Max(most, inside);
                threads.Add(Environment.CurrentManagedThreadId);
                count++;
                inside--;
                await Task.Run(static () => { });
            }
        }))));
        Assert.Equal((1_000, 1), (count, most));
        Assert.Single(threads);
        Assert.False(loop.IsCurrent);
    }

    [Fact]
    public async Task Work_from_one_thread_runs_in_the_order_of_asking()
    {
        using var loop = new RelayLoop();
        List<int> order = [];
        for (var i = 0; i < 1_000; i++)
        {
            loop.Post(state => order.Add((int)state!), i);
        }

        await loop.RunAsync(static () => Task.CompletedTask);
        Assert.Equal(Enumerable.Range(0, 1_000), order);
    }

    [Fact]
    public async Task Results_errors_and_cancellations_reach_the_caller_and_the_loop_goes_on()
    {
        using var loop = new RelayLoop();
        Assert.Equal(7, await loop.RunAsync(async () =>
        {
            await Task.Yield();
            return 7;
        }));
        var error = await Assert.ThrowsAsync<StorageException>(() => loop.RunAsync(static () => throw new StorageException("no")));
        Assert.Equal("no", error.Message);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var given = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.RunAsync(() => Task.FromCanceled(cancelled.Token)));
        Assert.Equal(cancelled.Token, given.CancellationToken);
        Assert.Equal(8, await loop.RunAsync(static () => Task.FromResult(8)));
    }

    [Fact]
    public async Task A_caller_does_not_go_on_on_the_loop()
    {
        using var loop = new RelayLoop();
        await loop.RunAsync(static () => Task.CompletedTask);
        Assert.False(loop.IsCurrent);
    }

    [Fact]
    public void Disposing_runs_what_is_queued_and_takes_nothing_more()
    {
        var loop = new RelayLoop();
        var ran = 0;
        for (var i = 0; i < 100; i++)
        {
            loop.Post(_ => ran++, null);
        }

        loop.Dispose();
        Assert.Equal(100, ran);
        loop.Post(_ => ran++, null);
        loop.Dispose();
        Assert.Equal(100, ran);
    }

    [Fact]
    public async Task The_loop_can_be_disposed_by_what_runs_on_it()
    {
        var loop = new RelayLoop();
        await loop.RunAsync(() =>
        {
            loop.Dispose();
            return Task.CompletedTask;
        });
        loop.Dispose();
    }

    [Fact]
    public void Nobody_waits_for_the_loop()
    {
        using var loop = new RelayLoop();
        Assert.Throws<NotSupportedException>(() => loop.Send(static _ => { }, null));
    }
}
