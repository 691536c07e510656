using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Skerry.Storage;

namespace Skerry.Objects.Alarms;

/// <summary>
/// Fires the alarms of a node. One loop and one timer serve all of them:
/// <list type="number">
/// <item>wait until fewer than the permitted number of callbacks run;</item>
/// <item>take an alarm that is due and start its callback;</item>
/// <item>if none is due, sleep until the earliest one is, until an earlier one is set, or for a second, whichever comes first.</item>
/// </list>
/// The second is what makes alarms follow the wall clock when it jumps, in either direction. Without alarms the
/// clock sleeps and no timer runs.
/// </summary>
/// <remarks>
/// An alarm leaves the schedule when its callback starts. If the callback throws, or is cut off by
/// <see cref="DisposeAsync"/>, the alarm goes back unless a newer one has been set. So a callback can be called
/// again for an alarm that was deleted meanwhile, or while an earlier call for the same object still runs: it has to
/// ask the object's own storage what is due. Safe for concurrent use.
/// </remarks>
internal sealed partial class AlarmClock : IAsyncDisposable
{
    /// <summary>How many callbacks run at a time unless told otherwise.</summary>
    public const int DefaultConcurrency = 64;

    private static readonly TimeSpan s_longestSleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly Func<DueAlarm, CancellationToken, Task> _fire;
    private readonly int _concurrency;
    private readonly ILogger<AlarmClock> _logger;
    private readonly Lock _lock = new();
    private readonly AlarmSchedule _schedule = new();
    private readonly List<DueAlarm> _taken = new(1);

    // What callbacks run for: how many an object, and the earliest time it was due.
    private readonly Dictionary<ObjectKey, (int Callbacks, long DueMs)> _running = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _free;
    private readonly ITimer _timer;

    // At most one wake-up waits to be noticed; more would say nothing new.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private Task _loop = Task.CompletedTask;
    private bool _disposed;

    /// <summary>Makes a clock, which does nothing before <see cref="Start"/>.</summary>
    /// <param name="time">Where the time and the timer come from.</param>
    /// <param name="fire">Called on the thread pool for each due alarm; the token is cancelled when the clock stops.</param>
    /// <param name="concurrency">How many calls run at a time, from 1.</param>
    /// <param name="logger">Hears of callbacks that throw.</param>
    public AlarmClock(TimeProvider time, Func<DueAlarm, CancellationToken, Task> fire, int concurrency, ILogger<AlarmClock> logger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        _time = time;
        _fire = fire;
        _concurrency = concurrency;
        _logger = logger;
        _free = new SemaphoreSlim(concurrency, concurrency);
        _timer = time.CreateTimer(static clock => ((AlarmClock)clock!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Pending alarms; those whose callbacks run are not among them.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _schedule.Count;
            }
        }
    }

    /// <summary>Starts firing. Alarms set before, as at recovery, cost no wake-ups until then. Call it once.</summary>
    public void Start()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Sets an object's alarm, in place of the one it may have. A time that has passed means now.</summary>
    /// <inheritdoc cref="AlarmSchedule.Set" path="/param"/>
    public void Set(ObjectKey key, long dueMs)
    {
        bool earlier;
        lock (_lock)
        {
            earlier = !_schedule.TryGetNextDue(out var next) || dueMs < next;
            _schedule.Set(key, dueMs);
        }

        if (earlier)
        {
            Wake();
        }
    }

    /// <summary>Sets an object's alarm unless it has one that is due as early.</summary>
    /// <inheritdoc cref="AlarmSchedule.Set" path="/param"/>
    public void Adopt(ObjectKey key, long dueMs)
    {
        bool earlier;
        lock (_lock)
        {
            if (_schedule.TryGet(key, out var due) && due <= dueMs)
            {
                return;
            }

            earlier = !_schedule.TryGetNextDue(out var next) || dueMs < next;
            _schedule.Set(key, dueMs);
        }

        if (earlier)
        {
            Wake();
        }
    }

    /// <summary>Removes an object's alarm; false if it has none, or its callback has been started.</summary>
    public bool Remove(ObjectKey key)
    {
        lock (_lock)
        {
            return _schedule.Remove(key);
        }
    }

    /// <summary>
    /// A copy of all alarms that have not succeeded, in no particular order, to be saved: the pending ones, and those
    /// whose callbacks run, for what is stored of them does not change before they have.
    /// </summary>
    public DueAlarm[] ToArray()
    {
        lock (_lock)
        {
            List<DueAlarm> alarms = new(_schedule.Count + _running.Count);
            foreach (var alarm in _schedule.All())
            {
                if (_running.Count == 0 || !_running.ContainsKey(alarm.Key))
                {
                    alarms.Add(alarm);
                }
            }

            foreach (var (key, running) in _running)
            {
                alarms.Add(new DueAlarm(key, _schedule.TryGet(key, out var due) ? Math.Min(due, running.DueMs) : running.DueMs));
            }

            return [.. alarms];
        }
    }

    /// <summary>
    /// Stops firing, cancels the callbacks that run and waits for them, however long they take. Afterwards
    /// <see cref="ToArray"/> holds every alarm whose callback has not succeeded.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stopping.CancelAsync();
        await _loop;
        for (var i = 0; i < _concurrency; i++)
        {
            await _free.WaitAsync();
        }

        await _timer.DisposeAsync();
        _stopping.Dispose();
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private async Task RunAsync()
    {
        var stopping = _stopping.Token;
        try
        {
            while (true)
            {
                // 1. A place for a callback.
                await _free.WaitAsync(stopping);

                // 2. An alarm that is due.
                if (TryTake(out var alarm))
                {
                    _ = FireAsync(alarm, stopping);
                    continue;
                }

                // 3. Sleep. An alarm set since the look above has left a wake-up, so none is missed.
                _free.Release();
                await _wake.Reader.ReadAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The clock stops.
        }
    }

    // Takes one due alarm, or sets the timer for the next.
    private bool TryTake(out DueAlarm alarm)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            _taken.Clear();
            if (_schedule.TakeDue(now.ToUnixTimeMilliseconds(), _taken, 1) == 1)
            {
                alarm = _taken[0];
                var (callbacks, due) = _running.GetValueOrDefault(alarm.Key, (0, long.MaxValue));
                _running[alarm.Key] = (callbacks + 1, Math.Min(due, alarm.DueMs));
                return true;
            }

            alarm = default;
            _timer.Change(_schedule.TryGetNextDue(out var next) ? Sleep(now, next) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return false;
        }
    }

    // Timers count whole milliseconds, and one that rings a fraction early would ring twice.
    private static TimeSpan Sleep(DateTimeOffset now, long dueMs)
    {
        var nowMs = (now - DateTimeOffset.UnixEpoch).TotalMilliseconds;
        return TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(dueMs - nowMs), 1, s_longestSleep.TotalMilliseconds));
    }

    private async Task FireAsync(DueAlarm alarm, CancellationToken stopping)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await _fire(alarm, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            PutBack(alarm, alarm.DueMs);
        }
#pragma warning disable CA1031 // Whatever a callback throws, the alarm must not be lost and the clock must go on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogCallbackFailed(error, alarm.Key);
            PutBack(alarm, _time.GetUtcNow().Add(s_afterFailure).ToUnixTimeMilliseconds());
        }
        finally
        {
            Ended(alarm.Key);
            _free.Release();
        }
    }

    private void Ended(ObjectKey key)
    {
        lock (_lock)
        {
            var (callbacks, due) = _running[key];
            if (callbacks == 1)
            {
                _running.Remove(key);
            }
            else
            {
                _running[key] = (callbacks - 1, due);
            }
        }
    }

    private void PutBack(DueAlarm alarm, long dueMs)
    {
        lock (_lock)
        {
            if (!_schedule.TryGet(alarm.Key, out _))
            {
                _schedule.Set(alarm.Key, dueMs);
            }
        }

        Wake();
    }
}
