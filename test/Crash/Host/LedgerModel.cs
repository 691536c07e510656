using System.Globalization;

namespace Skerry.Crash.Host;

/// <summary>
/// What a ledger holds after a number of steps. Each step is decided by the ledger's name and the step's number alone, so
/// the state after N steps is one and the same in every history: what a crash leaves must be one of these states.
/// </summary>
internal sealed class LedgerModel(string name)
{
    /// <summary>Every so many steps the alarm is set.</summary>
    public const int AlarmEvery = 25;

    private readonly ulong _seed = SeedOf(name);
    private readonly Dictionary<int, long> _keys = [];
    private readonly Queue<(long Sequence, int Bytes)> _rows = [];
    private long _counter;
    private long _sequence;
    private long _left = 1000;

    public long Version { get; private set; }

    public enum Kind
    {
        Increment,
        Insert,
        Transfer,
        DeleteOldest,
        PutKey,
    }

    /// <summary>What a step does, and a number that it does it with.</summary>
    public static (Kind Kind, int Argument) StepOf(string name, long version) => StepOf(SeedOf(name), version);

    private static (Kind Kind, int Argument) StepOf(ulong seed, long version)
    {
        var random = Mix(seed + (ulong)version);
        var argument = (int)(random >> 40);
        return (random % 16) switch
        {
            < 5 => (Kind.Increment, argument),
            < 9 => (Kind.Insert, argument % 50 == 0 ? 60_000 : argument % 3_000),
            < 11 => (Kind.Transfer, (argument % 21) - 10),
            < 14 => (Kind.DeleteOldest, 0),
            _ => (Kind.PutKey, argument % 8),
        };
    }

    /// <summary>Goes on to a later version.</summary>
    public LedgerModel AdvanceTo(long version)
    {
        while (Version < version)
        {
            var (kind, argument) = StepOf(_seed, ++Version);
            switch (kind)
            {
                case Kind.Increment:
                    _counter++;
                    break;
                case Kind.Insert:
                    _rows.Enqueue((++_sequence, argument));
                    break;
                case Kind.Transfer:
                    _left += argument;
                    break;
                case Kind.DeleteOldest:
                    _rows.TryDequeue(out _);
                    break;
                default:
                    _keys[argument] = Version;
                    break;
            }
        }

        return this;
    }

    public override string ToString() => Describe(
        Version,
        _counter,
        _left,
        1000 - _left,
        _rows.Count,
        _rows.Count == 0 ? 0 : _rows.Peek().Sequence,
        _rows.Sum(static r => (long)r.Bytes),
        Enumerable.Range(0, 8).Select(k => _keys.GetValueOrDefault(k)));

    public static string Describe(
        long version, long counter, long left, long right, long rows, long firstRow, long bytes, IEnumerable<long> keys) =>
        string.Create(CultureInfo.InvariantCulture, $"version={version} counter={counter} left={left} right={right} rows={rows} first={firstRow} bytes={bytes} keys={string.Join(',', keys)}");

    private static ulong SeedOf(string name) => Mix(name.Aggregate(7UL, static (sum, c) => (sum * 31) + c));

    private static ulong Mix(ulong x)
    {
        // SplitMix64's finaliser.
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
