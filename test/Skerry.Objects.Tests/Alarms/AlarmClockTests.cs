using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Skerry.Objects.Alarms;

namespace Skerry.Objects.Tests.Alarms;

public sealed class AlarmClockTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider _wall = new(DateTimeOffset.FromUnixTimeMilliseconds(1_000_000));
    private readonly ArmedTimeProvider _time;
    private readonly Channel<DueAlarm> _fired = Channel.CreateUnbounded<DueAlarm>();
    private AlarmClock _clock;

    public AlarmClockTests()
    {
        _time = new ArmedTimeProvider(_wall);
        _clock = Clock((alarm, _) => _fired.Writer.WriteAsync(alarm, CancellationToken.None).AsTask());
    }

    public ValueTask InitializeAsync()
    {
        _clock.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _clock.DisposeAsync();

    [Fact]
    public async Task An_alarm_fires_at_its_millisecond_and_not_before()
    {
        _clock.Set(AlarmKeys.Key(1), 1_000_040);
        await _time.ArmedAsync(40);
        _wall.Advance(TimeSpan.FromMilliseconds(39));
        Assert.False(_fired.Reader.TryRead(out _));
        Assert.Equal(1, _clock.Count);
        _wall.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new DueAlarm(AlarmKeys.Key(1), 1_000_040), await NextAsync());
        Assert.Equal(0, _clock.Count);
    }

    [Fact]
    public async Task A_time_that_has_passed_fires_now()
    {
        _clock.Set(AlarmKeys.Key(1), 5);
        Assert.Equal(5, (await NextAsync()).DueMs);
    }

    [Fact]
    public async Task An_earlier_alarm_wakes_the_clock()
    {
        _clock.Set(AlarmKeys.Key(1), 1_000_900);
        await _time.ArmedAsync(900);
        _clock.Set(AlarmKeys.Key(2), 1_000_100);
        await _time.ArmedAsync(100);
        _wall.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(AlarmKeys.Key(2), (await NextAsync()).Key);
        await _time.ArmedAsync(800);
        _wall.Advance(TimeSpan.FromMilliseconds(800));
        Assert.Equal(AlarmKeys.Key(1), (await NextAsync()).Key);
    }

    [Fact]
    public async Task A_removed_or_postponed_alarm_does_not_fire()
    {
        _clock.Set(AlarmKeys.Key(1), 1_000_100);
        _clock.Set(AlarmKeys.Key(2), 1_000_200);
        _clock.Set(AlarmKeys.Key(3), 1_000_300);
        Assert.True(_clock.Remove(AlarmKeys.Key(1)));
        Assert.False(_clock.Remove(AlarmKeys.Key(1)));
        _clock.Set(AlarmKeys.Key(2), 9_000_000);
        _wall.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(AlarmKeys.Key(3), (await NextAsync()).Key);
        Assert.Equal([new DueAlarm(AlarmKeys.Key(2), 9_000_000)], _clock.ToArray());
    }

    [Fact]
    public async Task Without_alarms_no_timer_runs_and_with_far_ones_it_rings_every_second()
    {
        await _time.ArmedAsync(null);
        _clock.Set(AlarmKeys.Key(1), 2_000_000_000);
        for (var i = 0; i < 3; i++)
        {
            await _time.ArmedAsync(1000);
            _wall.Advance(TimeSpan.FromSeconds(1));
        }

        await _time.ArmedAsync(1000);
        _clock.Remove(AlarmKeys.Key(1));
        _wall.Advance(TimeSpan.FromSeconds(1));
        await _time.ArmedAsync(null);
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_forward_is_followed_within_a_second()
    {
        _clock.Set(AlarmKeys.Key(1), 1_000_000 + 3_600_000);
        await _time.ArmedAsync(1000);
        _wall.AdjustTime(_wall.GetUtcNow().AddHours(2));
        _wall.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AlarmKeys.Key(1), (await NextAsync()).Key);
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_back_delays_what_is_not_due_any_more()
    {
        _clock.Set(AlarmKeys.Key(1), 1_000_500);
        await _time.ArmedAsync(500);
        _wall.AdjustTime(_wall.GetUtcNow().AddSeconds(-10));
        _wall.Advance(TimeSpan.FromMilliseconds(500));
        await _time.ArmedAsync(1000);
        Assert.False(_fired.Reader.TryRead(out _));
        for (var i = 0; i < 9; i++)
        {
            _wall.Advance(TimeSpan.FromSeconds(1));
            await _time.ArmedAsync(1000);
        }

        _wall.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AlarmKeys.Key(1), (await NextAsync()).Key);
    }

    [Fact]
    public async Task No_more_callbacks_run_at_a_time_than_permitted_and_all_run_in_the_end()
    {
        var (running, most, done) = (0, 0, 0);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = Channel.CreateUnbounded<int>();
        await using var clock = Clock(
            async (_, _) =>
            {
                var now = Interlocked.Increment(ref running);
                InterlockedMax(ref most, now);
                await started.Writer.WriteAsync(now, CancellationToken.None);
                await go.Task;
                Interlocked.Decrement(ref running);
                Interlocked.Increment(ref done);
            },
            concurrency: 4);
        for (var i = 0; i < 100; i++)
        {
            clock.Set(AlarmKeys.Key(i), 1);
        }

        clock.Start();
        for (var i = 0; i < 4; i++)
        {
            await started.Reader.ReadAsync().AsTask().WaitAsync(s_patience);
        }

        Assert.Equal(96, clock.Count);
        go.SetResult();
        for (var i = 4; i < 100; i++)
        {
            await started.Reader.ReadAsync().AsTask().WaitAsync(s_patience);
        }

        await clock.DisposeAsync();
        Assert.Equal((100, 4), (done, most));
    }

    [Fact]
    public async Task A_callback_that_throws_is_called_again_after_two_seconds_and_hurts_no_other()
    {
        var calls = Channel.CreateUnbounded<DueAlarm>();
        await using var clock = Clock(async (alarm, _) =>
        {
            await calls.Writer.WriteAsync(alarm, CancellationToken.None);
            throw new InvalidOperationException("as a test wants");
        });
        clock.Set(AlarmKeys.Key(1), 1);
        clock.Start();
        Assert.Equal(1, (await calls.Reader.ReadAsync().AsTask().WaitAsync(s_patience)).DueMs);
        await _time.ArmedAsync(1000);
        Assert.Equal([new DueAlarm(AlarmKeys.Key(1), 1_002_000)], clock.ToArray());
        clock.Set(AlarmKeys.Key(2), 2);
        Assert.Equal(2, (await calls.Reader.ReadAsync().AsTask().WaitAsync(s_patience)).DueMs);
    }

    [Fact]
    public async Task Disposing_waits_for_callbacks_and_keeps_the_alarms_of_those_it_cut_off()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = Clock(async (_, stopping) =>
        {
            started.SetResult();
            await finish.Task;
            stopping.ThrowIfCancellationRequested();
        });
        clock.Set(AlarmKeys.Key(1), 7);
        clock.Start();
        await started.Task.WaitAsync(s_patience);
        var disposing = clock.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        finish.SetResult();
        await disposing.WaitAsync(s_patience);
        Assert.Equal([new DueAlarm(AlarmKeys.Key(1), 7)], clock.ToArray());
    }

    [Fact]
    public async Task A_new_alarm_set_by_the_callback_is_not_replaced_when_the_callback_fails()
    {
        var calls = Channel.CreateUnbounded<DueAlarm>();
        AlarmClock? clock = null;
        clock = Clock(async (alarm, _) =>
        {
            clock!.Set(alarm.Key, 1_000_300);
            await calls.Writer.WriteAsync(alarm, CancellationToken.None);
            throw new InvalidOperationException("as a test wants");
        });
        clock.Set(AlarmKeys.Key(1), 1);
        clock.Start();
        await calls.Reader.ReadAsync().AsTask().WaitAsync(s_patience);
        await clock.DisposeAsync();
        Assert.Equal([new DueAlarm(AlarmKeys.Key(1), 1_000_300)], clock.ToArray());
    }

    private AlarmClock Clock(Func<DueAlarm, CancellationToken, Task> fire, int concurrency = AlarmClock.DefaultConcurrency) =>
        new(_time, fire, concurrency, NullLogger<AlarmClock>.Instance);

    private async Task<DueAlarm> NextAsync() => await _fired.Reader.ReadAsync().AsTask().WaitAsync(s_patience);

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) is var found && found == seen ? value : found;
        }
    }
}
