using Skerry.Objects.Alarms;

namespace Skerry.Objects.Activation;

// The object's one alarm: stored with the object's own data, in the same transaction, and mirrored in the node's schedule.
internal sealed partial class ObjectDatabase
{
    private readonly Lock _alarmLock = new();
    private long _scheduledMs;
    private (ulong Transaction, long DueMs)? _scheduleAfter;
    private bool _alarmRunning;
    private bool _alarmReplaced;

    public DateTimeOffset? GetAlarm()
    {
        _ = Database;
        return Metadata.AlarmMs == 0 || (_alarmRunning && !_alarmReplaced)
            ? null
            : DateTimeOffset.FromUnixTimeMilliseconds(Metadata.AlarmMs);
    }

    public void SetAlarm(DateTimeOffset time)
    {
        var ms = time.ToUnixTimeMilliseconds();
        if (ms <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(time), time, "An alarm's time must be after 1970-01-01T00:00:00Z.");
        }

        BeforeWrite();
        _alarmReplaced = _alarmRunning;
        Metadata.SetAlarm(Math.Max(ms, Runtime.NowMs), retries: 0, nextMs: 0);
    }

    public void DeleteAlarm()
    {
        _ = Database;
        if (Metadata.AlarmMs == 0)
        {
            return;
        }

        if (_alarmRunning)
        {
            // The running alarm goes when its handler succeeds; until then it stays, so that a crash runs it again.
            if (_alarmReplaced)
            {
                BeforeWrite();
                Metadata.SetAlarm(_running.ScheduledMs, _running.Retries, nextMs: 0);
                _alarmReplaced = false;
            }

            return;
        }

        BeforeWrite();
        Metadata.SetAlarm(0, 0, 0);
    }

    private (long ScheduledMs, int Retries) _running;

    /// <summary>
    /// Runs the handler if the alarm is due. On the loop, as a call: the result waits at the output gate. It is null if the
    /// handler ran, else when the alarm is due, Unix milliseconds, 0 if there is none.
    /// </summary>
    public async Task<long?> RunAlarm(IObjectCode code)
    {
        // A wake-up may be early or late: the schedule only promises not to be later than what is stored.
        if (_sqlite is null && Runtime.Storage.Exists(_active.Key))
        {
            Open();
        }

        var due = Metadata.DueMs;
        if (_alarmRunning || due == 0 || due > Runtime.NowMs)
        {
            if (due != 0)
            {
                // The clock has taken it out of the schedule. While the handler runs it is looked at again a little later.
                Schedule(_alarmRunning ? Math.Max(due, Runtime.NowMs + 1_000) : due);
            }

            return due;
        }

        _running = (Metadata.AlarmMs, Metadata.AlarmRetries);
        _alarmRunning = true;
        _alarmReplaced = false;
        lock (_alarmLock)
        {
            _scheduledMs = 0;
        }

        try
        {
            await code.Alarm(new AlarmInfo(DateTimeOffset.FromUnixTimeMilliseconds(_running.ScheduledMs), _running.Retries));
            if (!_alarmReplaced)
            {
                BeforeWrite();
                Metadata.SetAlarm(0, 0, 0);
            }
        }
        catch (Exception e) when (!_active.IsStopping)
        {
            AlarmFailed(e);
        }
        finally
        {
            _alarmRunning = false;
            if (!_active.IsStopping && !HasUncommitted && Metadata.DueMs != 0)
            {
                // Set while the handler ran: it may have come due, and been turned away, meanwhile.
                Schedule(Metadata.DueMs);
            }
        }

        return null;
    }

    private void AlarmFailed(Exception error)
    {
        Runtime.LogAlarmFailed(_active.Id, _running.Retries, error);
        if (_alarmReplaced)
        {
            return;
        }

        BeforeWrite();
        if (Runtime.AlarmRetry.AfterHandlerError(new AlarmAttempts(_running.Retries, _running.Retries), out var after) is not { } pause)
        {
            Metadata.SetAlarm(0, 0, 0);
            return;
        }

        Metadata.SetAlarm(_running.ScheduledMs, after.CountedRetries, Runtime.NowMs + (long)pause.TotalMilliseconds);
    }

    private void Schedule(long dueMs)
    {
        lock (_alarmLock)
        {
            _scheduledMs = dueMs;
            _scheduleAfter = null;
            if (dueMs == 0)
            {
                Runtime.Alarms.Remove(_active.Key);
            }
            else
            {
                Runtime.Alarms.Set(_active.Key, dueMs);
            }
        }
    }

    private void ApplyScheduleAfter(ulong confirmed)
    {
        lock (_alarmLock)
        {
            if (_scheduleAfter is { } after && after.Transaction <= confirmed)
            {
                Schedule(after.DueMs);
            }
        }
    }

    /// <summary>Brings the schedule in line with what is stored, at start.</summary>
    private void SyncSchedule()
    {
        if (Metadata.DueMs != _scheduledMs)
        {
            Schedule(Metadata.DueMs);
        }
    }
}
