using CsCheck;
using Skerry.Objects.Alarms;
using Skerry.Storage;

namespace Skerry.Objects.Tests.Alarms;

public class AlarmScheduleTests
{
    private static readonly ObjectKey[] s_keys = [.. Enumerable.Range(0, 40).Select(AlarmKeys.Key)];

    [Fact]
    public void It_does_what_a_naive_schedule_does_and_takes_what_is_due_in_order() =>
        Gen.Select(Gen.Select(Gen.Int[0, 39], Gen.Long[0, 100], Gen.Int[0, 5]).Array[0, 300], Gen.Int[1, 20]).Sample((steps, max) =>
        {
            var schedule = new AlarmSchedule();
            var model = new Dictionary<ObjectKey, long>();
            foreach (var (number, value, kind) in steps)
            {
                var key = s_keys[number];
                switch (kind)
                {
                    case 0:
                        Assert.Equal(model.Remove(key), schedule.Remove(key));
                        break;
                    case 1:
                        var taken = new List<DueAlarm>();
                        Assert.Equal(Math.Min(max, model.Count(p => p.Value <= value)), schedule.TakeDue(value, taken, max));
                        Assert.Equal(model.Values.Order().Take(taken.Count), taken.Select(a => a.DueMs));
                        Assert.All(taken, alarm => Assert.True(model.Remove(alarm.Key, out var due) && due == alarm.DueMs));
                        break;
                    default:
                        model[key] = value;
                        schedule.Set(key, value);
                        break;
                }

                Assert.True(Same(schedule, model));
            }
        });

    [Fact]
    public void Extreme_times_are_times_like_others()
    {
        var schedule = new AlarmSchedule();
        schedule.Set(s_keys[0], long.MaxValue);
        schedule.Set(s_keys[1], long.MinValue);
        schedule.Set(s_keys[2], 0);
        var taken = new List<DueAlarm>();
        Assert.Equal(3, schedule.TakeDue(long.MaxValue, taken, 10));
        Assert.Equal([s_keys[1], s_keys[2], s_keys[0]], taken.Select(a => a.Key));
        Assert.False(schedule.TryGetNextDue(out _));
    }

    [Fact]
    public void A_million_alarms_take_less_than_150_bytes_each_and_come_in_order()
    {
        const int count = 1_000_000;
        var keys = new ObjectKey[count];
        for (var i = 0; i < count; i++)
        {
            keys[i] = AlarmKeys.Key(i);
        }

        // What this thread has allocated, outgrown arrays included: other tests cannot disturb that.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var schedule = new AlarmSchedule();
        for (var i = 0; i < count; i++)
        {
            schedule.Set(keys[i], (i * 7919L) % count);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / count, 1, 150);
        for (var i = 0; i < count; i += 2)
        {
            schedule.Set(keys[i], (i * 104729L) % count);
        }

        for (var i = 0; i < count; i += 5)
        {
            Assert.True(schedule.Remove(keys[i]));
        }

        Assert.Equal(count / 5 * 4, schedule.Count);
        var taken = new List<DueAlarm>(1000);
        var last = long.MinValue;
        while (schedule.TakeDue(long.MaxValue, taken, 1000) > 0)
        {
            foreach (var alarm in taken)
            {
                Assert.True(alarm.DueMs >= last);
                last = alarm.DueMs;
            }

            taken.Clear();
        }

        Assert.Equal(0, schedule.Count);
    }

    [Fact]
    public void Setting_alarms_anew_allocates_nothing()
    {
        var schedule = new AlarmSchedule();
        var taken = new List<DueAlarm>(40);
        void Round()
        {
            for (var i = 0; i < s_keys.Length; i++)
            {
                schedule.Set(s_keys[i], i);
                schedule.Set(s_keys[i], -i);
            }

            taken.Clear();
            schedule.TakeDue(long.MaxValue, taken, 100);
        }

        Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static bool Same(AlarmSchedule schedule, Dictionary<ObjectKey, long> model) =>
        schedule.Count == model.Count
        && schedule.All().ToDictionary(a => a.Key, a => a.DueMs).OrderBy(p => p.Key.Id).SequenceEqual(model.OrderBy(p => p.Key.Id))
        && s_keys.All(key => schedule.TryGet(key, out var due) == model.TryGetValue(key, out var expected) && due == expected)
        && schedule.TryGetNextDue(out var next) == model.Count > 0
        && (model.Count == 0 || next == model.Values.Min());
}
