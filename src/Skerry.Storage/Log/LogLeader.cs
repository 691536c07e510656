namespace Skerry.Storage.Log;

/// <summary>
/// Decides which records of a node's log are confirmed. A pure state machine: no threads, clocks, files or sockets; the
/// same inputs in the same order give the same outputs. Not thread-safe: one thread at a time gives it inputs.
/// <list type="number">
/// <item>A record is confirmed when a majority of the configured members hold it, and every record before it is decided.</item>
/// <item>A record has failed when so many members cannot hold it that no majority can.</item>
/// <item>Decisions are made in the order of sequences and never taken back.</item>
/// <item>After a fence nothing is confirmed: what is undecided fails, and so does what is submitted later.</item>
/// </list>
/// Sequences are never used twice by one leader: a record that is tried again gets a new one.
/// </summary>
public sealed class LogLeader
{
    private readonly ILogLeaderEffects _effects;
    private readonly Member[] _members;
    private readonly ulong _epoch;
    private ulong _submitted;
    private ulong _decided;
    private StorageException? _fence;

    /// <summary>Creates a leader.</summary>
    /// <param name="effects">Receives the decisions.</param>
    /// <param name="epoch">The leader's own epoch; see <see cref="Fence"/>.</param>
    /// <param name="members">The configured members, the leader itself among them; one member is its own quorum.</param>
    /// <param name="lastSequence">The last sequence that was given before; everything up to it counts as decided, and held by every member.</param>
    /// <exception cref="ArgumentException">There is no member, or one is named twice.</exception>
    public LogLeader(ILogLeaderEffects effects, ulong epoch, IReadOnlyList<int> members, ulong lastSequence)
    {
        ArgumentNullException.ThrowIfNull(effects);
        ArgumentNullException.ThrowIfNull(members);
        if (members.Count == 0 || members.Distinct().Count() != members.Count)
        {
            throw new ArgumentException("A log needs at least one member, and each only once.", nameof(members));
        }

        _effects = effects;
        _epoch = epoch;
        _members = [.. members.Select(id => new Member(id, lastSequence))];
        _submitted = lastSequence;
        _decided = lastSequence;
    }

    /// <summary>How many members must hold a record: a majority of the configured ones.</summary>
    public int Quorum => (_members.Length / 2) + 1;

    /// <summary>The last sequence that was submitted.</summary>
    public ulong Submitted => _submitted;

    /// <summary>Every sequence up to this one is confirmed or has failed.</summary>
    public ulong Decided => _decided;

    /// <summary>True once a higher epoch has taken over.</summary>
    public bool IsFenced => _fence is not null;

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
    /// hold. Late, repeated and reordered messages do no harm; a member that is not (or no longer) configured is ignored.
    /// </summary>
    /// <exception cref="InvalidOperationException">The member claims a record that was never submitted.</exception>
    public void Persisted(int member, ulong sequence)
    {
        if (sequence > _submitted)
        {
            throw new InvalidOperationException($"Member {member} claims record {sequence}; the last one is {_submitted}.");
        }

        if (Find(member) is { } found && sequence > found.Persisted)
        {
            found.Persisted = sequence;
            Decide();
        }
    }

    /// <summary>
    /// A member will never hold the records from <paramref name="from"/> to the last one submitted. What it has
    /// said it holds it still holds. It can hold records that are submitted later.
    /// </summary>
    public void Failed(int member, ulong from, StorageException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (Find(member) is { } found)
        {
            from = Math.Max(from, Math.Max(found.Persisted, _decided) + 1);
            if (from <= _submitted)
            {
                found.Lose(from, _submitted, error);
                Decide();
            }
        }
    }

    /// <summary>Another leader with <paramref name="epoch"/> has taken over. An epoch that is not higher than the leader's own does nothing.</summary>
    public void Fence(ulong epoch)
    {
        if (epoch > _epoch && _fence is null)
        {
            _fence = new StorageException($"The node's log was taken over: epoch {epoch} follows {_epoch}. Restart the node; it recovers what was confirmed.");
            Decide();
        }
    }

    /// <summary>
    /// A member is replaced by one that holds every record up to <paramref name="persisted"/>. The old one's word no
    /// longer counts for what is undecided.
    /// </summary>
    /// <exception cref="ArgumentException">The old member is not configured, or the new one is already.</exception>
    public void Replace(int oldMember, int newMember, ulong persisted)
    {
        var index = Array.FindIndex(_members, m => m.Id == oldMember);
        if (index < 0 || (newMember != oldMember && Find(newMember) is not null))
        {
            throw new ArgumentException($"Member {oldMember} cannot be replaced by {newMember}: the first must be configured, the second not.");
        }

        _members[index] = new Member(newMember, Math.Min(persisted, _submitted));
        Decide();
    }

    private Member? Find(int id)
    {
        foreach (var member in _members)
        {
            if (member.Id == id)
            {
                return member;
            }
        }

        return null;
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
            var holders = 0;
            var lost = 0;
            StorageException? error = null;
            foreach (var member in _members)
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

            if (holders >= Quorum)
            {
                _decided = last;
                _effects.Confirmed(first, last);
            }
            else if (_members.Length - lost < Quorum)
            {
                _decided = last;
                _effects.Failed(first, last, error!);
            }
            else
            {
                return;
            }
        }
    }

    private enum MemberState
    {
        Waiting,
        Holds,
        Lost,
    }

    private readonly record struct Hole(ulong First, ulong Last, StorageException Error);

    private sealed class Member(int id, ulong persisted)
    {
        public int Id { get; } = id;

        public ulong Persisted { get; set; } = persisted;

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
