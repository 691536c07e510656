using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Alarms;

public sealed class AlarmTests(AlarmTests.HastyNode hasty) : IClassFixture<AlarmTests.HastyNode>
{
    private readonly TestNode _node = hasty.Node;

    [Fact]
    public async Task An_alarm_in_the_past_fires_now_and_is_gone_inside_its_handler()
    {
        var seen = On("past", (o, info, done) => done.SetResult((o.Storage.GetAlarm(), info.RetryCount)));
        await _node.Run("past", o =>
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => o.Storage.SetAlarm(DateTimeOffset.UnixEpoch));
            Assert.Throws<ArgumentOutOfRangeException>(() => o.Storage.SetAlarm(DateTimeOffset.UnixEpoch.AddDays(-1)));
            o.Storage.SetAlarm(DateTimeOffset.UnixEpoch.AddMilliseconds(1));
            Assert.True(o.Storage.GetAlarm() > DateTimeOffset.UtcNow.AddMinutes(-5));
        });
        Assert.Equal((null, 0), await seen.WaitAsync(TestNode.Bound));
        await Gone("past");
    }

    [Fact]
    public async Task An_alarm_never_fires_early()
    {
        var due = DateTimeOffset.UtcNow.AddMilliseconds(150);
        var seen = On("early", (_, _, done) => done.SetResult((DateTimeOffset.UtcNow, 0)));
        await _node.Run("early", o => o.Storage.SetAlarm(due));
        Assert.True((await seen.WaitAsync(TestNode.Bound)).Item1 >= DateTimeOffset.FromUnixTimeMilliseconds(due.ToUnixTimeMilliseconds()));
    }

    [Fact]
    public async Task Set_again_inside_the_handler_it_runs_again()
    {
        var runs = 0;
        var seen = On("again", (o, _, done) =>
        {
            if (++runs == 3)
            {
                done.SetResult((o.Storage.GetAlarm(), runs));
                return;
            }

            o.Storage.SetAlarm(DateTimeOffset.UtcNow);
            Assert.NotNull(o.Storage.GetAlarm());
        });
        await _node.Run("again", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow));
        Assert.Equal((null, 3), await seen.WaitAsync(TestNode.Bound));
        await Gone("again");
    }

    [Fact]
    public async Task Due_again_while_its_handler_still_runs_it_is_not_lost()
    {
        var runs = 0;
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Scripts.For("overlap").Alarm = async (o, _) =>
        {
            if (++runs == 2)
            {
                second.SetResult();
                return;
            }

            // Long enough for the clock to come by, find the handler running, and be sent away.
            o.Storage.SetAlarm(DateTimeOffset.UtcNow);
            await Task.Delay(TimeSpan.FromMilliseconds(300));
        };
        await _node.Run("overlap", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow));
        await second.Task.WaitAsync(TestNode.Bound);
        await Gone("overlap");
    }

    [Fact]
    public async Task Deleted_inside_the_handler_after_being_set_again_it_does_not_come_back()
    {
        var seen = On("deleted", (o, _, done) =>
        {
            o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddHours(1));
            o.Storage.DeleteAlarm();
            done.SetResult((o.Storage.GetAlarm(), 0));
        });
        await _node.Run("deleted", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow));
        Assert.Null((await seen.WaitAsync(TestNode.Bound)).Item1);
        await Gone("deleted");
    }

    [Fact]
    public async Task A_failing_handler_is_retried_six_times_and_then_given_up()
    {
        List<int> counts = [];
        var script = _node.Scripts.For("fails");
        script.Alarm = (o, info) =>
        {
            counts.Add(info.RetryCount);
            o.Insert();
            throw new InvalidOperationException("always");
        };
        await _node.Run("fails", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow));
        await TestNode.Until(() => counts.Count == 7);
        await Gone("fails");
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], counts);
        Assert.Equal(7, await _node.Run("fails", o => o.Count));
    }

    [Fact]
    public async Task A_handler_that_fails_once_succeeds_at_its_retry()
    {
        var runs = 0;
        var seen = On("once", (_, info, done) =>
        {
            if (runs++ == 0)
            {
                throw new InvalidOperationException("once");
            }

            done.SetResult((null, info.RetryCount));
        });
        await _node.Run("once", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow));
        Assert.Equal(1, (await seen.WaitAsync(TestNode.Bound)).Item2);
        await Gone("once");
    }

    [Fact]
    public async Task Moved_earlier_it_fires_earlier_and_moved_later_not_before()
    {
        var earlier = On("earlier", (_, _, done) => done.SetResult((null, 0)));
        await _node.Run("earlier", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddHours(1)));
        await _node.Run("earlier", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow));
        await earlier.WaitAsync(TestNode.Bound);

        var later = On("later", (_, _, done) => done.SetResult((null, 0)));
        await _node.Run("later", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddMilliseconds(300)));
        await _node.Run("later", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddHours(1)));
        var after = On("after", (_, _, done) => done.SetResult((null, 0)));
        await _node.Run("after", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddMilliseconds(500)));
        await after.WaitAsync(TestNode.Bound);
        Assert.False(later.IsCompleted);
    }

    [Fact]
    public async Task Many_alarms_all_fire_and_bring_their_objects_into_memory()
    {
        var left = 300;
        var all = new TaskCompletionSource();
        for (var i = 0; i < 300; i++)
        {
            _node.Scripts.For($"many-{i}").Alarm = (_, _) =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    all.SetResult();
                }

                return Task.CompletedTask;
            };
        }

        var due = DateTimeOffset.UtcNow.AddMilliseconds(500);
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => _node.Run($"many-{i}", o => o.Storage.SetAlarm(due))));
        for (var i = 0; i < 300; i++)
        {
            _node.Find($"many-{i}")?.RequestRetire();
        }

        await all.Task.WaitAsync(TestNode.Bound);
    }

    [Fact]
    public async Task An_alarm_survives_a_restart_a_crash_and_a_restore()
    {
        await using var node = await TestNode.StartAsync();
        var copy = Directory.CreateTempSubdirectory("skerry-crash-");
        try
        {
            var bookmark = await node.Run("kept", o =>
            {
                o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddHours(1));
                return o.Storage.GetCurrentBookmark();
            });
            await node.Run("due", o => o.Storage.SetAlarm(DateTimeOffset.UtcNow.AddSeconds(1)));

            // What a crash would leave: the folder as it is while the node runs.
            foreach (var file in Directory.EnumerateFiles(node.Folder, "*", SearchOption.AllDirectories))
            {
                if (file.EndsWith(".lock", StringComparison.Ordinal))
                {
                    continue;
                }

                var target = Path.Combine(copy.FullName, Path.GetRelativePath(node.Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var to = File.Create(target);
                await from.CopyToAsync(to);
            }

            var crashed = new TestNode(configure: null, copy.FullName);
            var fired = new TaskCompletionSource();
            crashed.Scripts.For("due").Alarm = (_, _) =>
            {
                fired.TrySetResult();
                return Task.CompletedTask;
            };
            await crashed.InitializeAsync();
            await fired.Task.WaitAsync(TestNode.Bound);
            Assert.True(await crashed.Run("kept", o => o.Storage.GetAlarm() > DateTimeOffset.UtcNow));
            await crashed.DisposeAsync();

            node.Scripts.For("due").Alarm = (_, _) => Task.CompletedTask;
            await node.RestartAsync();
            Assert.True(await node.Run("kept", o => o.Storage.GetAlarm() > DateTimeOffset.UtcNow));
            await node.Run("kept", o => o.Storage.DeleteAlarm());
            await Assert.ThrowsAsync<DurableObjectException>(() => node.Do("kept", async o =>
            {
                await o.Storage.OnNextSessionRestoreBookmark(bookmark);
                o.Context.Abort();
            }));
            Assert.True(await node.Run("kept", o => o.Storage.GetAlarm() > DateTimeOffset.UtcNow));
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    private Task<(DateTimeOffset?, int)> On(string name, Action<Scripted, AlarmInfo, TaskCompletionSource<(DateTimeOffset?, int)>> handler)
    {
        var done = new TaskCompletionSource<(DateTimeOffset?, int)>(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Scripts.For(name).Alarm = (o, info) =>
        {
            handler(o, info, done);
            return Task.CompletedTask;
        };
        return done.Task;
    }

    private Task Gone(string name) =>
        TestNode.Until(() => _node.Run(name, o => o.Storage.GetAlarm() is null).GetAwaiter().GetResult());

    /// <summary>A node whose failed alarms are retried soon.</summary>
    public sealed class HastyNode : IAsyncLifetime
    {
        internal TestNode Node { get; } = new(o => o.AlarmRetryFirst = TimeSpan.FromMilliseconds(1));

        public ValueTask InitializeAsync() => Node.InitializeAsync();

        public ValueTask DisposeAsync() => Node.DisposeAsync();
    }
}
