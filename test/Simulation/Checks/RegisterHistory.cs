namespace Skerry.Simulation.Checks;

/// <summary>
/// Whether a history of one register, in which every value is written at most once, can be put in an order that respects
/// real time and in which every read sees the write before it.
/// </summary>
/// <remarks>
/// The zones of P. B. Gibbons and E. Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section 4: because each
/// read says which write it saw, all operations of one value can be looked at as one. Its zone lies between its earliest end
/// and its latest beginning. The history is linearizable if and only if no read ends before its write begins, no two
/// forward zones overlap, and no backward zone lies within a forward one. It takes n log n steps, so histories may be long.
/// </remarks>
internal static class RegisterHistory
{
    /// <summary>What is wrong with a history; null if nothing is.</summary>
    public static string? Check(IReadOnlyCollection<Operation> operations)
    {
        var writes = operations.Where(o => o.IsWrite && !o.IsVoid).ToDictionary(static o => o.Value);
        var zones = new Dictionary<long, Zone>();
        foreach (var read in operations.Where(static o => !o.IsWrite && o.Answered != Operation.Never))
        {
            if (read.Value != 0 && !writes.ContainsKey(read.Value))
            {
                return $"{read} saw what nobody wrote";
            }

            if (read.Value != 0 && read.Answered < writes[read.Value].Invoked)
            {
                return $"{read} saw {writes[read.Value]} before it began";
            }

            Add(read.Value, read.Invoked, read.Answered, read);
        }

        foreach (var write in writes.Values)
        {
            // A write that nobody saw and whose end nobody saw may not have happened.
            if (write.Answered != Operation.Never || zones.ContainsKey(write.Value))
            {
                Add(write.Value, write.Invoked, write.Answered, write);
            }
        }

        if (zones.TryGetValue(0, out var initial))
        {
            initial.EarliestEnd = long.MinValue;
        }

        return Overlap([.. zones.Values]);

        void Add(long value, long begins, long ends, Operation operation)
        {
            if (!zones.TryGetValue(value, out var zone))
            {
                zones.Add(value, zone = new Zone());
            }

            zone.Operations.Add(operation);
            zone.EarliestEnd = Math.Min(zone.EarliestEnd, ends);
            zone.LatestBegin = Math.Max(zone.LatestBegin, begins);
        }
    }

    private static string? Overlap(List<Zone> zones)
    {
        var forward = zones.Where(static z => z.IsForward).OrderBy(static z => z.From).ToList();
        for (var i = 1; i < forward.Count; i++)
        {
            if (forward[i].From < forward[i - 1].To)
            {
                return $"value {forward[i - 1]} was seen after value {forward[i]}, and before it";
            }
        }

        // Forward zones do not overlap, so only the last one that begins before a backward zone can contain it.
        foreach (var zone in zones.Where(static z => !z.IsForward))
        {
            var (low, high) = (0, forward.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = forward[middle].From < zone.From ? (middle + 1, high) : (low, middle);
            }

            if (low > 0 && zone.To < forward[low - 1].To)
            {
                return $"value {zone} was seen while value {forward[low - 1]} was there all the time";
            }
        }

        return null;
    }

    private sealed class Zone
    {
        public List<Operation> Operations { get; } = [];

        public long EarliestEnd { get; set; } = long.MaxValue;

        public long LatestBegin { get; set; } = long.MinValue;

        public bool IsForward => EarliestEnd < LatestBegin;

        public long From => Math.Min(EarliestEnd, LatestBegin);

        public long To => Math.Max(EarliestEnd, LatestBegin);

        public override string ToString() => $"{Operations[0].Value} ({string.Join("; ", Operations.OrderBy(static o => o.Invoked).Take(4))})";
    }
}
