using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Time.Testing;
using Skerry.Objects.Activation;
using Skerry.Objects.Tests.Alarms;
using Skerry.Objects.Tests.Hosting;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Tests.Activation;

public sealed class StartQueueTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SlowHome _home = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task No_more_start_at_once_than_permitted_and_those_asked_for_first_go_first()
    {
        var queue = new StartQueue(4, s_patience, _time);
        var starts = Enumerable.Range(0, 12).Select(i => queue.RunAsync(_home, Key(i), unrequested: false, default)).ToArray();
        Assert.Equal(4, _home.Started.Count);
        Assert.Equal(8, queue.Waiting);
        for (var i = 0; i < 12; i++)
        {
            _home.Finish(Key(i));
            await starts[i].WaitAsync(TestNode.Bound);
            await TestNode.Until(() => _home.Started.Count == Math.Min(12, i + 5));
        }

        Assert.Equal(Enumerable.Range(0, 12).Select(Key), _home.Started);
    }

    [Fact]
    public async Task What_only_an_alarm_brings_up_takes_half_of_the_places_and_comes_last()
    {
        var queue = new StartQueue(4, s_patience, _time);
        var alarms = Enumerable.Range(0, 6).Select(i => queue.RunAsync(_home, Key(i), unrequested: true, default)).ToArray();
        Assert.Equal([Key(0), Key(1)], _home.Started);
        var calls = Enumerable.Range(10, 3).Select(i => queue.RunAsync(_home, Key(i), unrequested: false, default)).ToArray();
        Assert.Equal([Key(0), Key(1), Key(10), Key(11)], _home.Started);

        // Somebody has called one of those that alarms wanted.
        queue.Hurry(Key(5));
        _home.Finish(Key(0));
        await TestNode.Until(() => _home.Started.Count == 5);
        Assert.Equal(Key(12), _home.Started[^1]);
        _home.Finish(Key(1));
        await TestNode.Until(() => _home.Started.Count == 6);
        Assert.Equal(Key(5), _home.Started[^1]);
        await Task.WhenAll(alarms[0], alarms[1]).WaitAsync(TestNode.Bound);
        Assert.All(calls, static c => Assert.False(c.IsCompleted));
    }

    [Fact]
    public async Task A_start_that_is_given_up_makes_room()
    {
        var queue = new StartQueue(1, s_patience, _time);
        using var cancel = new CancellationTokenSource();
        var first = queue.RunAsync(_home, Key(0), unrequested: false, default);
        var second = queue.RunAsync(_home, Key(1), unrequested: false, cancel.Token);
        var third = queue.RunAsync(_home, Key(2), unrequested: false, default);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(TestNode.Bound));
        _home.Finish(Key(0));
        _home.Finish(Key(2));
        await Task.WhenAll(first, third).WaitAsync(TestNode.Bound);
        Assert.Equal([Key(0), Key(2)], _home.Started);
    }

    [Fact]
    public async Task Who_waits_is_told_so_when_nothing_gets_on_and_not_before()
    {
        var queue = new StartQueue(1, s_patience, _time);
        var first = queue.RunAsync(_home, Key(0), unrequested: false, default);
        var second = queue.RunAsync(_home, Key(1), unrequested: false, default);
        var third = queue.RunAsync(_home, Key(2), unrequested: false, default);
        _time.Advance(s_patience / 2);
        _home.Finish(Key(0));
        await first.WaitAsync(TestNode.Bound);

        // The third has waited for long, but the queue has moved.
        _time.Advance(s_patience / 2);
        await Task.Delay(50);
        Assert.False(third.IsCompleted);
        _time.Advance(s_patience);
        await Assert.ThrowsAsync<ClaimException>(() => third.WaitAsync(TestNode.Bound));
        Assert.Equal(0, queue.Waiting);
        Assert.False(second.IsCompleted);
    }

    private static ObjectKey Key(int number) => AlarmKeys.Key(number);

    private sealed class SlowHome : IObjectHome
    {
        private readonly Dictionary<ObjectKey, TaskCompletionSource> _ends = [];
        private readonly List<ObjectKey> _started = [];

        public IReadOnlyList<ObjectKey> Started
        {
            get
            {
                lock (_ends)
                {
                    return [.. _started];
                }
            }
        }

        public void Finish(ObjectKey key) => EndOf(key).TrySetResult();

        public void Attach(IObjectHost host)
        {
        }

        public Action<long?> BeginWake(ObjectKey key, long dueMs) => static _ => { };

        public Task KeepAlarmsAsync(CancellationToken cancel) => Task.CompletedTask;

        public bool TryPrepare(ObjectKey key, [NotNullWhen(true)] out IObjectClaim? claim)
        {
            claim = null;
            return false;
        }

        public async ValueTask<IObjectClaim> PrepareAsync(ObjectKey key, CancellationToken cancel)
        {
            lock (_ends)
            {
                _started.Add(key);
            }

            await EndOf(key).Task.WaitAsync(cancel);
            return null!;
        }

        private TaskCompletionSource EndOf(ObjectKey key)
        {
            lock (_ends)
            {
                return _ends.TryGetValue(key, out var end) ? end : _ends[key] = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
