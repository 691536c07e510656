using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// Decides which records of a session's log are confirmed. A pure state machine: no threads, clocks, files or sockets;
/// the same inputs in the same order give the same outputs. Not thread-safe: one thread at a time gives it inputs.
/// <list type="number">
/// <item>A record is confirmed when a majority of the members hold it, and every record before it is decided.</item>
/// <item>While the members change, a record is confirmed only when a majority of the old set and a majority of the new
/// set hold it: nobody knows yet by which of the two the log would be recovered.</item>
/// <item>A record has failed when so many members cannot hold it that no majority can.</item>
/// <item>Decisions are made in the order of sequences and never taken back.</item>
/// <item>After a fence nothing is confirmed: what is undecided fails, and so does what is submitted later.</item>
/// </list>
/// Sequences are never used twice by one leader: a record that is tried again gets a new one.
/// </summary>
public sealed class LogLeader
{
    private readonly ILogLeaderEffects _effects;
    private readonly Dictionary<NodeId, Member> _known = [];
    private Member[] _members;
    private Member[]? _next;
    private ulong _submitted;
    private ulong _decided;
    private StorageException? _fence;

    /// <summary>Creates a leader.</summary>
    /// <param name="effects">Receives the decisions.</param>
    /// <param name="members">The members; one is its own quorum.</param>
    /// <param name="lastSequence">The last sequence that was given before; everything up to it counts as decided, and held by every member.</param>
    /// <exception cref="ArgumentException">There is no member, or one is named twice.</exception>
    public LogLeader(ILogLeaderEffects effects, IReadOnlyCollection<NodeId> members, ulong lastSequence)
    {
        ArgumentNullException.ThrowIfNull(effects);
        ArgumentNullException.ThrowIfNull(members);
        _effects = effects;
        _submitted = lastSequence;
        _decided = lastSequence;
        _members = SetOf(members, lastSequence);
    }

    /// <summary>The members whose majority counts; of a change, the old ones.</summary>
    public IEnumerable<NodeId> Members => _members.Select(static member => member.Id);

    /// <summary>How many of <see cref="Members"/> must hold a record.</summary>
    public int Quorum => QuorumOf(_members);

    /// <summary>True from <see cref="BeginChange"/> until it is committed or aborted.</summary>
    public bool IsChanging => _next is not null;

    /// <summary>The last sequence that was submitted.</summary>
    public ulong Submitted => _submitted;

    /// <summary>Every sequence up to this one is confirmed or has failed.</summary>
    public ulong Decided => _decided;

    /// <summary>True once the log belongs to somebody else.</summary>
    public bool IsFenced => _fence is not null;

    /// <summary>
    /// True if a majority of the change's new set holds everything that is decided and not in the bucket, so that the new
    /// set alone could be asked for it. The change must not become visible to others before.
    /// </summary>
    public bool IsChangeCovered => _next is { } next && next.Count(member => member.BrokenTo == 0 && member.Persisted >= _decided) >= QuorumOf(next);

    /// <summary>Records <paramref name="first"/> to <paramref name="last"/> are on their way to the members.</summary>
    /// <exception cref="InvalidOperationException">They do not follow what was submitted before.</exception>
    public void Submit(ulong first, ulong last)
    {
        if (first != _submitted + 1 || last < first)
        {
            throw new InvalidOperationException($"Records {first}–{last} do not follow record {_submitted}.");
        }

        _submitted = last;
        Decide();
    }

    /// <summary>
    /// A member holds every record up to <paramref name="sequence"/> on stable storage, but those it said it cannot
    /// hold. Late, repeated and reordered messages do no harm; a node that is no member is ignored.
    /// </summary>
    /// <exception cref="InvalidOperationException">The member claims a record that was never submitted.</exception>
    public void Persisted(NodeId member, ulong sequence)
    {
        if (sequence > _submitted)
        {
            throw new InvalidOperationException($"Member {member} claims record {sequence}; the last one is {_submitted}.");
        }

        if (_known.TryGetValue(member, out var found) && sequence > found.Persisted)
        {
            found.Persisted = sequence;
            Decide();
        }
    }

    /// <summary>A member has lost what it said it held, down to <paramref name="sequence"/>: its word counts for no more than that.</summary>
    public void Lost(NodeId member, ulong sequence)
    {
        if (_known.TryGetValue(member, out var found))
        {
            found.Persisted = Math.Min(found.Persisted, sequence);
        }
    }

    /// <summary>
    /// A member will never hold the records from <paramref name="from"/> to the last one submitted. What it has
    /// said it holds it still holds. It can hold records that are submitted later.
    /// </summary>
    public void Failed(NodeId member, ulong from, StorageException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (_known.TryGetValue(member, out var found))
        {
            from = Math.Max(from, found.Persisted + 1);
            if (from <= _submitted)
            {
                // What is decided already needs no hole, but the member has one.
                found.BrokenTo = _submitted;
                found.Lose(Math.Max(from, _decided + 1), _submitted, error);
                Decide();
            }
        }
    }

    /// <summary>Records up to <paramref name="sequence"/> are in the bucket: it does not matter any more which member lacks one of them.</summary>
    public void Uploaded(ulong sequence)
    {
        foreach (var member in _known.Values)
        {
            if (member.BrokenTo <= sequence)
            {
                member.BrokenTo = 0;
            }
        }
    }

    /// <summary>The log belongs to somebody else now; only the first fence's reason counts.</summary>
    public void Fence(StorageException reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (_fence is null)
        {
            _fence = reason;
            Decide();
        }
    }

    /// <summary>
    /// From now on a record needs a majority of the present members and one of <paramref name="members"/>.
    /// </summary>
    /// <param name="members">The new set; it may share members with the old one.</param>
    /// <param name="held">What each newcomer holds; one that is not named holds nothing.</param>
    /// <exception cref="InvalidOperationException">Another change is under way.</exception>
    /// <exception cref="ArgumentException">There is no member, or one is named twice.</exception>
    public void BeginChange(IReadOnlyCollection<NodeId> members, IReadOnlyDictionary<NodeId, ulong> held)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(held);
        if (_next is not null)
        {
            throw new InvalidOperationException("The members are changing already.");
        }

        _next = SetOf(members, 0);
        foreach (var member in _next)
        {
            if (!_members.Contains(member) && held.TryGetValue(member.Id, out var sequence))
            {
                member.Persisted = Math.Min(sequence, _submitted);
            }
        }

        Decide();
    }

    /// <summary>The new set alone counts.</summary>
    /// <exception cref="InvalidOperationException">There is no change.</exception>
    public void CommitChange() => End(_next ?? throw new InvalidOperationException("The members are not changing."));

    /// <summary>The old set alone counts. Only allowed if nobody will ever see the new one.</summary>
    /// <exception cref="InvalidOperationException">There is no change.</exception>
    public void AbortChange() => End(_next is null ? throw new InvalidOperationException("The members are not changing.") : _members);

    private static int QuorumOf(Member[] members) => (members.Length / 2) + 1;

    private Member[] SetOf(IReadOnlyCollection<NodeId> ids, ulong persisted)
    {
        if (ids.Count == 0 || ids.Distinct().Count() != ids.Count)
        {
            throw new ArgumentException("A log needs at least one member, and each only once.", nameof(ids));
        }

        var members = new List<Member>(ids.Count);
        foreach (var id in ids)
        {
            if (!_known.TryGetValue(id, out var member))
            {
                _known.Add(id, member = new Member(id, persisted));
            }

            members.Add(member);
        }

        return [.. members];
    }

    private void End(Member[] members)
    {
        _members = members;
        _next = null;
        foreach (var member in _known.Values.Except(members).ToArray())
        {
            _known.Remove(member.Id);
        }

        Decide();
    }

    private void Decide()
    {
        while (_decided < _submitted)
        {
            var first = _decided + 1;
            if (_fence is not null)
            {
                _decided = _submitted;
                _effects.Failed(first, _submitted, _fence);
                return;
            }

            // All members are in one state each for the run from `first` to `last`, so one decision covers it.
            var last = _submitted;
            StorageException? error = null;
            var verdict = Ask(_members, first, ref last, ref error);
            if (_next is not null)
            {
                verdict = Both(verdict, Ask(_next, first, ref last, ref error));
            }

            switch (verdict)
            {
                case MemberState.Holds:
                    _decided = last;
                    _effects.Confirmed(first, last);
                    break;
                case MemberState.Lost:
                    _decided = last;
                    _effects.Failed(first, last, error!);
                    break;
                default:
                    return;
            }
        }
    }

    private MemberState Ask(Member[] members, ulong first, ref ulong last, ref StorageException? error)
    {
        var holders = 0;
        var lost = 0;
        foreach (var member in members)
        {
            member.Forget(_decided);
            switch (member.StateAt(first, ref last, out var hole))
            {
                case MemberState.Holds:
                    holders++;
                    break;
                case MemberState.Lost:
                    lost++;
                    error ??= hole;
                    break;
            }
        }

        var quorum = QuorumOf(members);
        return holders >= quorum ? MemberState.Holds
            : members.Length - lost < quorum ? MemberState.Lost
            : MemberState.Waiting;
    }

    private static MemberState Both(MemberState one, MemberState other) =>
        one == MemberState.Lost || other == MemberState.Lost ? MemberState.Lost
        : one == MemberState.Holds && other == MemberState.Holds ? MemberState.Holds
        : MemberState.Waiting;

    private enum MemberState
    {
        Waiting,
        Holds,
        Lost,
    }

    private readonly record struct Hole(ulong First, ulong Last, StorageException Error);

    private sealed class Member(NodeId id, ulong persisted)
    {
        public NodeId Id { get; } = id;

        public ulong Persisted { get; set; } = persisted;

        /// <summary>Records up to this one may be missing, whatever <see cref="Persisted"/> says; 0 if none is.</summary>
        public ulong BrokenTo { get; set; }

        // In ascending order, without overlap; nearly always empty.
        private readonly List<Hole> _holes = [];

        /// <summary>Adds what will never be held; <paramref name="last"/> is beyond every earlier hole's end, or equal to it.</summary>
        public void Lose(ulong first, ulong last, StorageException error)
        {
            while (_holes.Count > 0 && _holes[^1].First >= first)
            {
                _holes.RemoveAt(_holes.Count - 1);
            }

            if (_holes.Count > 0)
            {
                first = Math.Max(first, _holes[^1].Last + 1);
            }

            if (first <= last)
            {
                _holes.Add(new Hole(first, last, error));
            }
        }

        public void Forget(ulong decided)
        {
            while (_holes.Count > 0 && _holes[0].Last <= decided)
            {
                _holes.RemoveAt(0);
            }
        }

        /// <summary>The state at <paramref name="first"/>; lowers <paramref name="last"/> to where it may change.</summary>
        public MemberState StateAt(ulong first, ref ulong last, out StorageException? error)
        {
            error = null;
            foreach (var hole in _holes)
            {
                if (first < hole.First)
                {
                    last = Math.Min(last, hole.First - 1);
                    break;
                }

                if (first <= hole.Last)
                {
                    last = Math.Min(last, hole.Last);
                    error = hole.Error;
                    return MemberState.Lost;
                }
            }

            if (first > Persisted)
            {
                return MemberState.Waiting;
            }

            last = Math.Min(last, Persisted);
            return MemberState.Holds;
        }
    }
}
