using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Log;

/// <summary>
/// Collects damage while the log is scanned. A lost record whose own header is illegible is still attributed when a
/// later record of its object names it as its predecessor. Not thread-safe.
/// </summary>
internal sealed class DamageReport(ILogger logger)
{
    private readonly List<LogDamage> _found = [];
    private readonly List<LostRange> _unknown = [];

    /// <summary>Everything found, in the order of the log.</summary>
    public IReadOnlyList<LogDamage> Finish()
    {
        foreach (var range in _unknown)
        {
            _found.Add(range.Damage);
        }

        _unknown.Clear();
        _found.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path) is var order && order != 0 ? order : a.Offset.CompareTo(b.Offset));
        foreach (var damage in _found)
        {
            NodeLogMessages.Damaged(logger, damage.Path, damage.Offset, damage.Message);
        }

        return _found;
    }

    /// <summary>One place whose consequence is known.</summary>
    public void Add(string path, long offset, ObjectKey? key, string message, bool lost) =>
        _found.Add(new LogDamage(path, offset, key, message, lost));

    /// <summary>Records of unknown objects are lost somewhere in a range; <paramref name="count"/> is null if nobody knows how many.</summary>
    public void AddUnknown(string path, long offset, LogPosition from, LogPosition to, ulong? count, string message) =>
        _unknown.Add(new LostRange(new LogDamage(path, offset, null, message, true), from, to) { Missing = count });

    /// <summary>A later record was read: its predecessor may be one that is missing.</summary>
    public void Saw(in LogRecordHeader record)
    {
        if (_unknown.Count > 0 && !record.Previous.IsNone)
        {
            Attribute(record);
        }
    }

    private void Attribute(in LogRecordHeader record)
    {
        for (var i = 0; i < _unknown.Count; i++)
        {
            var range = _unknown[i];
            if (record.Previous < range.From || record.Previous >= range.To || !range.Known.Add(record.Previous))
            {
                continue;
            }

            Add(range.Damage.Path, record.Previous.Offset, record.Key, $"a record of {record.Key} is illegible; transaction {record.Txid} names it as the one before", true);
            if (range.Missing == (ulong)range.Known.Count)
            {
                _unknown.RemoveAt(i);
            }

            return;
        }
    }

    private sealed record LostRange(LogDamage Damage, LogPosition From, LogPosition To)
    {
        public ulong? Missing { get; init; }

        public HashSet<LogPosition> Known { get; } = [];
    }
}
