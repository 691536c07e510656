using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>
/// A session as the leader of its log: which records are confirmed, which nodes follow, how long reads may be answered.
/// A pure state machine: no threads, clocks, files or sockets; timestamps come in. Not thread-safe.
/// <para>A change of followers:</para>
/// <list type="number">
/// <item>The newcomers are connected, and stream what they lack, while the present set alone counts.</item>
/// <item>When they are close behind, both sets count.</item>
/// <item>When a quorum of the new set holds everything that is confirmed, the session record is compare-and-swapped.</item>
/// <item>When the record is known to be written, the new set alone counts. If it was certainly not written, the old one
/// does. As long as nobody knows, both do, and it is written again until somebody knows.</item>
/// </list>
/// </summary>
public sealed class RelayLeader : ILogLeaderEffects
{
    private readonly IRelayLeaderEffects _effects;
    private readonly RelayLeaderOptions _options;
    private readonly LogLeader _log;
    private readonly ConfirmedMarks _marks;
    private readonly Dictionary<NodeId, FollowerLinkState> _links = [];
    private readonly Dictionary<NodeId, long> _avoidUntil = [];
    private IReadOnlyList<NodeInfo> _live = [];
    private SessionRecord _record;
    private IReadOnlyList<NodeInfo>? _target;
    private SessionRecord? _proposal;
    private ChangePhase _phase;
    private bool _maybeWritten;
    private bool _hadTwoCopies;
    private bool _asked;
    private long _retryAt = long.MinValue;
    private long _lookAt;
    private long _phaseSince;
    private long _lastTick;
    private long _now;

    /// <summary>Creates the leader of a session whose record has just been created.</summary>
    /// <param name="effects">Does what is decided.</param>
    /// <param name="options">Times.</param>
    /// <param name="record">The session record as it stands in the bucket; its node is this one.</param>
    /// <param name="now">The monotonic clock.</param>
    public RelayLeader(IRelayLeaderEffects effects, RelayLeaderOptions options, SessionRecord record, long now)
    {
        ArgumentNullException.ThrowIfNull(effects);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(record);
        _effects = effects;
        _options = options;
        _record = record;
        _hadTwoCopies = record.Followers.Count > 1;
        _log = new LogLeader(this, [.. record.Followers.Select(static node => node.Id)], 0);
        _marks = new ConfirmedMarks(options.Ticks(options.CloseEnough) / 4, 2 * options.Ticks(options.LagMax), 0);
        _now = now;
        _lastTick = now;
        _lookAt = now + options.Ticks(options.LookAfter);
        WantLinks();
    }

    /// <summary>The session record as far as this leader knows it.</summary>
    public SessionRecord Record => _record;

    /// <summary>The last record that was appended.</summary>
    public ulong Appended => _log.Submitted;

    /// <summary>Every record up to this one is confirmed (or failed, after a fence).</summary>
    public ulong Confirmed { get; private set; }

    /// <summary>Records up to this are in the bucket.</summary>
    public ulong UploadedTo { get; private set; }

    /// <summary>True once the session has lost its right to confirm.</summary>
    public bool IsFenced => _log.IsFenced;

    /// <summary>The monotonic time until which reads may be answered; <see cref="long.MinValue"/> for not at all.</summary>
    public long LeaseUntil { get; private set; } = long.MinValue;

    /// <summary>True while the followers change, from the newcomers' connection on.</summary>
    public bool IsChanging => _phase != ChangePhase.None;

    /// <summary>The followers and newcomers: whether their streams are open, and what they hold.</summary>
    public IEnumerable<(NodeInfo Node, bool IsUp, ulong Held, bool IsMember)> Links =>
        _links.Values.Select(link => (link.Node, link.IsUp, link.Held, IsMember(link.Node.Id)));

    /// <summary>Records up to <paramref name="last"/> are in the spool, and on their way.</summary>
    public void AppendedTo(ulong last, long now)
    {
        _now = now;
        _log.Submit(_log.Submitted + 1, last);
    }

    /// <summary>A stream to a node is open; the node has said what it holds.</summary>
    public void LinkUp(NodeId node, ulong held, long now)
    {
        _now = now;
        if (Find(node) is not { } link || !Believe(link, held))
        {
            return;
        }

        if (held < link.Held)
        {
            // Its disk has lost something. What it says now is what it is asked to go on from.
            _log.Lost(node, held);
        }

        link.IsUp = true;
        link.LastHeard = now;
        link.Held = held;
        _log.Persisted(node, held);
        Reconsider();
    }

    /// <summary>A node holds every record up to <paramref name="held"/>, and has granted the lease that was asked for at <paramref name="sentAt"/>.</summary>
    public void Acknowledged(NodeId node, ulong held, long sentAt, long now)
    {
        _now = now;
        if (Find(node) is not { } link || !Believe(link, held))
        {
            return;
        }

        link.LastHeard = now;
        if (sentAt > link.LeaseFrom && sentAt <= now)
        {
            link.LeaseFrom = sentAt;
            RenewLease();
        }

        if (held > link.Held)
        {
            link.Held = held;
            _log.Persisted(node, held);
            if (_phase is ChangePhase.CatchingUp or ChangePhase.Covering)
            {
                Reconsider();
            }
        }
    }

    /// <summary>The stream to a node has ended, or could not be opened.</summary>
    public void LinkDown(NodeId node, long now)
    {
        _now = now;
        if (_links.TryGetValue(node, out var link))
        {
            link.IsUp = false;
            Reconsider();
        }
    }

    /// <summary>A node does not acknowledge this session any more, because somebody takes it over.</summary>
    public void Refused(NodeId node, int recoveryEpoch, long now)
    {
        _now = now;
        Fence($"follower {node} is sealed by recovery {recoveryEpoch}");
    }

    /// <summary>Records up to <paramref name="upTo"/> are in the bucket.</summary>
    public void Uploaded(ulong upTo)
    {
        UploadedTo = Math.Max(UploadedTo, Math.Min(upTo, Confirmed));
        _log.Uploaded(UploadedTo);
    }

    /// <summary>Which nodes are there now, according to the cluster's membership. The own one does not matter.</summary>
    public void PeersChanged(IReadOnlyList<NodeInfo> live, long now)
    {
        ArgumentNullException.ThrowIfNull(live);
        _now = now;
        _live = [.. live.Where(node => node.Id != Self.Id).DistinctBy(static node => node.Id)];
        foreach (var node in _live)
        {
            if (_links.TryGetValue(node.Id, out var link) && link.Node != node)
            {
                link.Node = node;
                _effects.Connect(node);
            }
        }

        Reconsider();
    }

    /// <summary>The record that was to be written is written.</summary>
    public void RecordWritten(SessionRecord record, long now)
    {
        ArgumentNullException.ThrowIfNull(record);
        _now = now;
        _asked = false;
        if (_phase == ChangePhase.Writing)
        {
            Commit(record);
        }
    }

    /// <summary>The record is this: the write found another version, or it was read.</summary>
    public void RecordConflict(SessionRecord current, long now)
    {
        ArgumentNullException.ThrowIfNull(current);
        _now = now;
        _asked = false;
        if (IsFenced)
        {
            return;
        }

        if (current.State != SessionState.Open)
        {
            Fence($"its record says {current.State}, by {current.Recoverer?.Name ?? "nobody"} with recovery {current.RecoveryEpoch}");
        }
        else if (_phase == ChangePhase.Writing && current.Generation == _proposal!.Generation && SameNodes(current.Followers, _proposal.Followers))
        {
            Commit(current);
        }
        else if (current.Generation != _record.Generation)
        {
            Fence($"its record has generation {current.Generation}, which is not its own {_record.Generation}");
        }
        else if (_phase == ChangePhase.Writing)
        {
            _record = current;
            if (_maybeWritten)
            {
                // A write whose outcome is unknown may still arrive: only the same content, written anew, ends the doubt.
                Write();
            }
            else
            {
                Abort();
            }
        }
    }

    /// <summary>Nobody knows whether the record was written, or it could not be read.</summary>
    public void RecordUnknown(long now)
    {
        _now = now;
        _asked = false;
        _maybeWritten |= _phase == ChangePhase.Writing;
        _retryAt = now + _options.Ticks(_options.RetryAfter);
    }

    /// <summary>The record was certainly not written: the bucket could not be reached.</summary>
    public void RecordNotWritten(long now)
    {
        _now = now;
        _asked = false;
        if (_phase != ChangePhase.Writing)
        {
            return;
        }

        if (_maybeWritten)
        {
            _retryAt = now + _options.Ticks(_options.RetryAfter);
        }
        else
        {
            Abort();
        }
    }

    /// <summary>Time has passed. To be called about every 100 ms.</summary>
    public void Tick(long now)
    {
        _now = now;
        if (now - _lastTick > _options.Ticks(_options.DownAfter) / 2)
        {
            // The process itself stood still: nobody could be heard meanwhile.
            foreach (var link in _links.Values)
            {
                link.LastHeard = Math.Max(link.LastHeard, now - (_options.Ticks(_options.DownAfter) / 2));
            }
        }

        _lastTick = now;
        if (_phase == ChangePhase.Writing && !_asked && now >= _retryAt && !IsFenced)
        {
            _asked = true;
            _effects.ReadRecord();
        }

        LookIfCutOff();
        Reconsider();
    }

    /// <summary>The session must not confirm anything any more, for a reason that was found elsewhere.</summary>
    public void Fence(string why)
    {
        if (IsFenced)
        {
            return;
        }

        var reason = new StorageException($"Session {_record.Node.Session} of node {_record.Node.Name} was taken over: {why}. The process ends; its next start is a new session.");
        LeaseUntil = long.MinValue;
        _log.Fence(reason);
        _effects.Fenced(reason);
    }

    void ILogLeaderEffects.Confirmed(ulong first, ulong last)
    {
        Confirmed = last;
        _marks.Add(last, _now);
        _effects.Confirmed(first, last);
    }

    void ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error) => _effects.Failed(first, last, error);

    private NodeInfo Self => _record.Node;

    private static bool SameNodes(IReadOnlyList<NodeInfo> one, IReadOnlyList<NodeInfo> other) =>
        one.Count == other.Count && one.All(node => other.Any(o => o.Id == node.Id));

    private FollowerLinkState? Find(NodeId node) => IsFenced ? null : _links.GetValueOrDefault(node);

    private bool IsMember(NodeId node)
    {
        foreach (var member in _record.Followers)
        {
            if (member.Id == node)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A node that claims what was never appended is out of its mind: nothing it says can count.</summary>
    private bool Believe(FollowerLinkState link, ulong held)
    {
        if (held <= _log.Submitted)
        {
            return true;
        }

        _avoidUntil[link.Node.Id] = long.MaxValue;
        link.IsUp = false;
        return false;
    }

    private bool IsDown(FollowerLinkState link) => _now - link.LastHeard > _options.Ticks(_options.DownAfter);

    private bool IsWell(FollowerLinkState link) =>
        !IsDown(link)
        && link.Held >= _marks.At(_now - _options.Ticks(_options.LagMax))
        && _avoidUntil.GetValueOrDefault(link.Node.Id) != long.MaxValue;

    private bool IsWell(NodeInfo node) => !_links.TryGetValue(node.Id, out var link) || (IsMember(node.Id) ? IsWell(link) : !IsDown(link));

    /// <summary>
    /// A leader that no quorum answers may have been taken over by nodes that it does not reach; its record says so.
    /// </summary>
    private void LookIfCutOff()
    {
        if (LeaseUntil >= _now)
        {
            _lookAt = _now + _options.Ticks(_options.LookAfter);
        }
        else if (_now >= _lookAt && !_asked && _phase != ChangePhase.Writing && !IsFenced)
        {
            _lookAt = _now + _options.Ticks(_options.LookAfter);
            _asked = true;
            _effects.ReadRecord();
        }
    }

    /// <summary>Looks whether the set is the one that is wanted, and moves a change on.</summary>
    private void Reconsider()
    {
        // What is being read may be older than a record that would be written meanwhile: one at a time.
        if (IsFenced || _phase == ChangePhase.Writing || _asked)
        {
            return;
        }

        NoteUnwell();
        if (_phase == ChangePhase.Covering)
        {
            Cover();
            return;
        }

        var wanted = Wanted();
        if (wanted is null)
        {
            if (_phase == ChangePhase.CatchingUp)
            {
                End();
            }

            return;
        }

        if (_target is null || !SameNodes(_target, wanted))
        {
            _target = wanted;
            _phase = ChangePhase.CatchingUp;
            WantLinks();
        }

        if (_now >= _retryAt && IsClose(wanted))
        {
            _phase = ChangePhase.Covering;
            _phaseSince = _now;
            _log.BeginChange([.. wanted.Select(static node => node.Id)], wanted.ToDictionary(static node => node.Id, node => _links[node.Id].Held));
            RenewLease();
            Cover();
        }
    }

    /// <summary>The set that is worth a change; null if the present one is to stay.</summary>
    private IReadOnlyList<NodeInfo>? Wanted()
    {
        var others = _live.Where(node => _links.TryGetValue(node.Id, out var link)
            ? IsMember(node.Id) ? IsWell(link) : !IsDown(link) && !IsAvoided(node.Id)
            : !IsAvoided(node.Id)).ToList();
        foreach (var member in _record.Followers)
        {
            // The cluster's membership may be late to name a node whose stream is open.
            if (member.Id != Self.Id && IsWell(member) && !others.Exists(node => node.Id == member.Id))
            {
                others.Add(member);
            }
        }

        var current = _record.Followers.Select(static node => node.Id).ToHashSet();
        if (_target is not null)
        {
            // Nodes that stream already are as good as members: a change is not to begin again for nothing.
            current.UnionWith(_target.Select(static node => node.Id));
        }

        var wanted = FollowerPolicy.Choose(Self, others, current);
        if (wanted.Count == 1 && _hadTwoCopies)
        {
            return null;
        }

        if (!SameNodes(wanted, _record.Followers) && FollowerPolicy.IsBetter(Self, wanted, _record.Followers, IsWell))
        {
            return wanted;
        }

        // Whoever takes over has to find the followers where they are now.
        return _record.Followers.Any(member => _links[member.Id].Node.Address != member.Address)
            ? [.. _record.Followers.Select(member => _links[member.Id].Node)]
            : null;
    }

    private bool IsAvoided(NodeId node) => _avoidUntil.TryGetValue(node, out var until) && until > _now;

    private void NoteUnwell()
    {
        foreach (var link in _links.Values)
        {
            var member = IsMember(link.Node.Id);
            if ((member ? !IsWell(link) : IsDown(link)) && !IsAvoided(link.Node.Id))
            {
                _avoidUntil[link.Node.Id] = _now + _options.Ticks(_options.AvoidFor);
            }
        }
    }

    /// <summary>Every newcomer, and a quorum of the whole set, holds what was confirmed a moment ago.</summary>
    private bool IsClose(IReadOnlyList<NodeInfo> wanted)
    {
        var mark = _marks.At(_now - _options.Ticks(_options.CloseEnough));
        var close = 0;
        foreach (var node in wanted)
        {
            var link = _links[node.Id];
            if (link.Held >= mark && (link.IsUp || IsMember(node.Id)))
            {
                close++;
            }
            else if (!IsMember(node.Id))
            {
                return false;
            }
        }

        return close > wanted.Count / 2;
    }

    /// <summary>Both sets count: writes the record as soon as the new set holds everything, or gives up if that takes long.</summary>
    private void Cover()
    {
        if (_log.IsChangeCovered)
        {
            _phase = ChangePhase.Writing;
            _proposal = _record with { Followers = _target!, Generation = _record.Generation + 1 };
            Write();
        }
        else if (_now - _phaseSince > 2 * _options.Ticks(_options.CloseEnough))
        {
            Abort();
        }
    }

    private void Write()
    {
        _asked = true;
        _retryAt = long.MaxValue;
        _effects.WriteRecord(_record with { Followers = _proposal!.Followers, Generation = _proposal.Generation });
    }

    private void Commit(SessionRecord record)
    {
        _record = record;
        _hadTwoCopies |= record.Followers.Count > 1;
        _log.CommitChange();
        _retryAt = long.MinValue;
        End();
        Reconsider();
    }

    private void Abort()
    {
        // The newcomers stay connected for the next try.
        _log.AbortChange();
        _retryAt = _now + _options.Ticks(_options.RetryAfter);
        _phase = ChangePhase.CatchingUp;
        _proposal = null;
        RenewLease();
    }

    private void End()
    {
        _phase = ChangePhase.None;
        _target = null;
        _proposal = null;
        _maybeWritten = false;
        WantLinks();
        RenewLease();
    }

    /// <summary>Opens the streams to followers and newcomers, and ends all others.</summary>
    private void WantLinks()
    {
        IEnumerable<NodeInfo> wanted = _target is null ? _record.Followers : _record.Followers.Concat(_target);
        var ids = new HashSet<NodeId>();
        foreach (var node in wanted)
        {
            if (ids.Add(node.Id) && !_links.ContainsKey(node.Id))
            {
                _links.Add(node.Id, new FollowerLinkState(node, _now));
                _effects.Connect(node);
            }
        }

        foreach (var id in _links.Keys.Where(id => !ids.Contains(id)).ToArray())
        {
            _links.Remove(id);
            _effects.Disconnect(id);
        }
    }

    private void RenewLease()
    {
        var from = LeaseOf(_record.Followers);
        if (_phase is ChangePhase.Covering or ChangePhase.Writing)
        {
            from = Math.Min(from, LeaseOf(_target!));
        }

        LeaseUntil = IsFenced || from == long.MinValue ? long.MinValue : from + (long)(_options.Ticks(_options.LeaseDuration) * _options.LeaseUse);
    }

    /// <summary>The latest sending time that a quorum of the set has acknowledged.</summary>
    private long LeaseOf(IReadOnlyList<NodeInfo> set)
    {
        Span<long> times = stackalloc long[set.Count];
        for (var i = 0; i < set.Count; i++)
        {
            times[i] = _links.TryGetValue(set[i].Id, out var link) ? link.LeaseFrom : long.MinValue;
        }

        times.Sort();
        return times[set.Count - ((set.Count / 2) + 1)];
    }

    private enum ChangePhase
    {
        /// <summary>The set is the one that is wanted.</summary>
        None,

        /// <summary>Newcomers stream what they lack.</summary>
        CatchingUp,

        /// <summary>Both sets count, and the new one does not hold everything yet.</summary>
        Covering,

        /// <summary>Both sets count, and the record is being written, or may have been.</summary>
        Writing,
    }
}
