using Skerry.Simulation.Fleet;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Ownership;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Simulation.Checks;

/// <summary>
/// Sees everything in the run at once, and checks after every step what no single node could check. What a statement depends
/// on says that it has changed; only then the statement is looked at again, for otherwise it still holds.
/// </summary>
internal sealed class Oracle
{
    private readonly SimulatedFleet _fleet;
    private readonly Ledger _ledger = new();
    private readonly BucketWatch _bucket;
    private readonly Dictionary<ObjectKey, (ulong Epoch, ulong Txid)> _newest = [];
    private readonly Dictionary<SessionId, ulong> _confirmed = [];
    private readonly Dictionary<SessionId, ulong> _uploaded = [];
    private readonly Dictionary<(NodeId, SessionId), ulong> _acknowledged = [];
    private readonly Dictionary<SessionId, SessionRecord> _sessions = [];
    private readonly Dictionary<ObjectKey, OwnerRecord> _owners = [];
    private readonly HashSet<SessionId> _changedSessions = [];
    private readonly HashSet<ObjectKey> _changedObjects = [];
    private readonly List<LedgerRecord> _uploadedNow = [];

    public Oracle(SimulatedFleet fleet)
    {
        _fleet = fleet;
        _bucket = new BucketWatch(fleet, _ledger);
        fleet.Store.Stored = Stored;
        fleet.Store.Deleted = key => _bucket.Deleted(key, _changedObjects);
        fleet.Scheduler.AfterStep = AfterStep;
    }

    /// <summary>Looks at everything after every step, whether anything has changed or not: to prove that this finds nothing else.</summary>
    public bool ChecksAll { get; init; }

    /// <summary>A leader has put a record into its log.</summary>
    public void Appended(NodeProcess process, in ArchivedRecord record, RegisterCopy state)
    {
        var added = new LedgerRecord(process.Self.Session, record.Key, record.Epoch, record.Txid, record.Sequence, state.Value, state.State.Checksum, record.Ltx);
        Check("1 (one owner)", _ledger.Add(added), $"{process.Self.Name} writes transaction {record.Txid} of {Short(record.Key)} in epoch {record.Epoch:x}, which there is already");
    }

    /// <summary>A follower is about to acknowledge.</summary>
    public void Acknowledges(FleetNode node, SessionId session, ulong held)
    {
        var uploaded = _uploaded.GetValueOrDefault(session);
        Check("3 (survival)", held <= uploaded || node.Disk.IsDamaged || node.Disk.Holds(session, held, held),
            $"{node.Name} acknowledges record {held}, which it has not on stable storage");
        Check("1 (one owner)", !node.Disk.HasStoredBehindSeal(session, held), $"{node.Name} acknowledges record {held} of session {session}, which it had sealed before");
        _acknowledged[(node.Id, session)] = Math.Max(held, _acknowledged.GetValueOrDefault((node.Id, session)));
    }

    /// <summary>A follower is about to answer for a session that is taken over: whoever asks counts on what it has acknowledged.</summary>
    public void Answers(FleetNode node, SessionId session)
    {
        var (uploaded, acknowledged) = (_uploaded.GetValueOrDefault(session), _acknowledged.GetValueOrDefault((node.Id, session)));
        Check("3 (survival)", acknowledged <= uploaded || node.Disk.IsDamaged || node.Disk.Holds(session, uploaded + 1, acknowledged),
            $"{node.Name} answers for session {session}, and has lost a part of the records {uploaded + 1}–{acknowledged}, which it had acknowledged");
    }

    /// <summary>A leader confirms a record.</summary>
    public void Confirmed(NodeProcess process, ArchivedRecord record)
    {
        var session = process.Self.Session;
        if (_sessions[session].State == SessionState.Sealed)
        {
            // Acknowledgements may arrive late. What they confirm then must have been recovered.
            Check("1 (one owner)", record.Sequence <= _uploaded.GetValueOrDefault(session),
                $"{process.Self.Name} confirms record {record.Sequence} in a session that was sealed with {_uploaded.GetValueOrDefault(session)}");
            return;
        }

        _confirmed[session] = record.Sequence;
        _changedSessions.Add(session);

        // 1. One session at a time.
        var owner = _owners.GetValueOrDefault(record.Key);
        Check("1 (one owner)", owner is not null && owner.Session == session && owner.ClaimEpoch == ObjectEpochs.ClaimOf(record.Epoch),
            $"{process.Self.Name} confirms transaction {record.Txid} of {Short(record.Key)} in epoch {record.Epoch:x}, and the owner is {owner}");
        if (_newest.TryGetValue(record.Key, out var before))
        {
            Check("1 (one owner)", record.Epoch >= before.Epoch && record.Txid > before.Txid,
                $"{process.Self.Name} confirms transaction {record.Txid} of {Short(record.Key)} in epoch {record.Epoch:x} after {before.Txid} in {before.Epoch:x}");
        }

        _newest[record.Key] = (record.Epoch, record.Txid);
        _changedObjects.Add(record.Key);
        if (_ledger.Find(record.Key, record.Epoch, record.Txid) is { } known)
        {
            _ledger.Confirm(known);
        }
    }

    /// <summary>How far an object was when somebody began to ask for it.</summary>
    public int SeenOf(ObjectKey key) => _ledger.SeenOf(key);

    /// <summary>A client gets its answer: what it sees, or has written.</summary>
    /// <param name="key">The object.</param>
    /// <param name="operation">What it did.</param>
    /// <param name="seenBefore"><see cref="SeenOf"/> when it began.</param>
    public void Answered(ObjectKey key, Operation operation, int seenBefore)
    {
        var order = 0;
        if (operation.Value != 0)
        {
            var record = _ledger.Find(operation.Value);
            Check("2, 5 (answers)", record is { Order: > 0 } or { IsUploaded: true }, $"{operation} of {Short(key)} is answered, and was not confirmed");
            order = record is null ? 0 : OrderOf(record);
        }

        Check("2, 4 (linearizability)", order >= seenBefore, $"{operation} of {Short(key)} is answered with write {order}, and write {seenBefore} was seen before it began");
        _ledger.See(key, order);
    }

    // One that a takeover has found has happened when somebody sees it, or writes on top of it.
    private int OrderOf(LedgerRecord record)
    {
        if (record.Order > 0)
        {
            return record.Order;
        }

        if (_ledger.Newest(record.Key) is { } newest && (newest.Epoch, newest.Txid).CompareTo((record.Epoch, record.Txid)) > 0)
        {
            return newest.Order - 1;
        }

        _ledger.Confirm(record);
        _changedObjects.Add(record.Key);
        return record.Order;
    }

    /// <summary>A node has become another one, or lost what it had stored: every session's copies have to be counted again.</summary>
    public void NodesChanged() => _changedSessions.UnionWith(_sessions.Keys);

    /// <summary>
    /// True if the machine may be lost, with what it stores: of each set of followers fewer than a quorum may, so that one copy
    /// of everything is left. A set that is being made is left alone.
    /// </summary>
    public bool CanLose(FleetNode node) =>
        _fleet.Nodes.Count(other => other != node && !other.IsLost) > 1
        && _sessions.Values.All(record => record.State == SessionState.Sealed
            || record.Followers.Count(member => member.Id == node.Id || IsLost(member)) < record.Quorum)
        && _fleet.Nodes.All(other => other.IsDown || other.Process!.Leader is not { } leader
            || leader.State.Links.All(link => link.IsMember || link.Node.Id != node.Id));

    /// <summary>No alarm is lost: whoever runs an object knows one, and some live session looks after it, no later than it is due.</summary>
    public void CheckAlarms()
    {
        var live = _fleet.Nodes.Where(static node => !node.IsDown).Select(static node => node.Process!).ToList();
        foreach (var key in _fleet.Keys)
        {
            foreach (var process in live)
            {
                if (process.Objects.Confirmed(key) is { State.AlarmMs: > 0 and var due })
                {
                    Check("alarms", live.Any(other => other.Alarms.Pending.TryGetValue(key, out var known) && known <= due), $"nobody looks after the alarm of {Short(key)}");
                }
            }
        }
    }

    /// <inheritdoc cref="BucketWatch.Excess"/>
    public string? Excess() => _bucket.Excess();

    /// <summary>Whether an error names something that is damaged indeed.</summary>
    public bool IsExplained(StorageDamagedException error) =>
        _fleet.Store.WasDamaged(error.Path)
        || _fleet.Nodes.Any(node => node.Disk.WasDamaged && error.Path.EndsWith($" {node.Name}", StringComparison.Ordinal));

    /// <summary>Nothing is left in the bucket of sessions that have ended.</summary>
    public string? LeftOver()
    {
        var live = _fleet.Nodes.Where(static node => !node.IsDown).Select(static node => node.Process!.Self.Session).ToHashSet();
        foreach (var key in _fleet.Store.Objects.Keys)
        {
            if ((BucketKeys.TryParseSession(key, out var session) || BucketKeys.TryParseBundle(key, out session, out _, out _)
                    || (key.StartsWith(BucketKeys.AlarmsPrefix, StringComparison.Ordinal) && SessionId.TryParse(key[BucketKeys.AlarmsPrefix.Length..], out session)))
                && !live.Contains(session))
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>Every history is one that a single register could have.</summary>
    public void CheckHistories()
    {
        foreach (var (key, history) in _fleet.Histories)
        {
            if (RegisterHistory.Check(history) is { } wrong)
            {
                throw new Violation("2, 4 (linearizability)", $"object {Short(key)}: {wrong}");
            }
        }
    }

    public static string Short(ObjectKey key) => key.Id.ToString()[..4];

    private void AfterStep()
    {
        if (ChecksAll)
        {
            _changedSessions.UnionWith(_sessions.Keys);
            _changedObjects.UnionWith(_fleet.Keys);
        }

        if (_changedSessions.Count > 0)
        {
            foreach (var session in _changedSessions)
            {
                CheckSurvival(session);
            }

            _changedSessions.Clear();
        }

        if (_changedObjects.Count > 0)
        {
            foreach (var key in _changedObjects)
            {
                CheckOwner(key);
                CheckRestorable(key);
            }

            _changedObjects.Clear();
        }
    }

    /// <summary>
    /// 3. What a session has confirmed is in the bucket, or on stable storage at a quorum of the set by which it would be
    /// recovered; of those that are lost since then, one less each.
    /// </summary>
    private void CheckSurvival(SessionId session)
    {
        if (_sessions.TryGetValue(session, out var set) && set.State != SessionState.Sealed
            && _uploaded.GetValueOrDefault(session) is var uploaded && _confirmed.GetValueOrDefault(session) is var confirmed && confirmed > uploaded)
        {
            var others = set.Followers.Where(member => _fleet.Find(member.Id)?.Disk.Holds(session, uploaded + 1, confirmed) != true).ToList();
            var (holders, lost) = (set.Followers.Count - others.Count, others.Count(IsLost));
            Check("3 (survival)", holders + lost >= set.Quorum && holders > 0,
                $"{holders} of {set.Followers.Count} followers hold record {confirmed} of session {session} on stable storage, and {lost} are lost");
        }
    }

    /// <summary>1. Who runs an object and does not own it can confirm nothing any more.</summary>
    private void CheckOwner(ObjectKey key)
    {
        var owner = _owners.GetValueOrDefault(key);
        foreach (var node in _fleet.Nodes)
        {
            if (!node.IsDown && node.Process is { } process && process.Objects.IsOpen(key) && process.Self.Session != owner?.Session)
            {
                Check("1 (one owner)", _sessions.TryGetValue(process.Self.Session, out var record) && record.State == SessionState.Sealed,
                    $"{node.Name} runs {Short(key)} in a session that is not sealed, and the owner is {owner}");
            }
        }
    }

    /// <summary>4. What is confirmed of an object and not at the followers any more can be restored from the bucket.</summary>
    private void CheckRestorable(ObjectKey key)
    {
        if (_ledger.Newest(key) is { } newest && newest.Sequence <= _uploaded.GetValueOrDefault(newest.Session) && _owners.TryGetValue(key, out var owner))
        {
            var why = _bucket.WhyNotRestorable(key, newest, owner.Session);
            Check("4 (recovery)", why is null, $"transaction {newest.Txid} of {Short(key)}, record {newest.Sequence} of session {newest.Session}, is confirmed and not at the followers any more, its owner is {owner}, and {why}");
        }
    }

    private bool IsLost(NodeInfo member) => _fleet.Find(member.Id) is not { Disk.IsDamaged: false };

    private void Stored(string key, byte[] content)
    {
        if (_bucket.Stored(key, content, _changedObjects, _uploadedNow) is { } wrong)
        {
            Check("6 (damage)", false, wrong);
        }

        foreach (var record in _uploadedNow)
        {
            // Whoever takes a session over may find more than was confirmed; its leader puts nothing else into the bucket.
            record.IsUploaded = true;
            Check("2, 5 (answers)", record.Order > 0 || _sessions[record.Session].State != SessionState.Open,
                $"{key} holds record {record.Sequence} of session {record.Session}, which was not confirmed");
        }

        _uploadedNow.Clear();

        if (BucketKeys.TryParseBundle(key, out var session, out _, out var last))
        {
            _uploaded[session] = Math.Max(_uploaded.GetValueOrDefault(session), last);
        }
        else if (BucketKeys.TryParseSession(key, out session))
        {
            StoredSession(session, RecordJson.ReadSession(key, content));
        }
        else if (BucketKeys.TryParseObject(key, out var @object, out var rest) && rest == "owner")
        {
            var owner = RecordJson.ReadOwner(key, content);

            // 1. Claims are numbered without gaps, so none is ever undone.
            Check("1 (one owner)", owner.ClaimEpoch == (_owners.GetValueOrDefault(@object)?.ClaimEpoch ?? 0) + 1, $"{Short(@object)} goes from {_owners.GetValueOrDefault(@object)} to {owner}");
            _owners[@object] = owner;
            _changedObjects.Add(@object);
        }
    }

    private void StoredSession(SessionId session, SessionRecord record)
    {
        if (_sessions.TryGetValue(session, out var before) && before.State == SessionState.Sealed)
        {
            // Its first record may arrive once more after it was cleaned up. It can confirm nothing for that.
            return;
        }

        _sessions[session] = record;
        _changedSessions.Add(session);
        if (record.State != SessionState.Sealed)
        {
            return;
        }

        // 4. What is sealed contains everything that was confirmed.
        var (uploaded, confirmed) = (_uploaded.GetValueOrDefault(session), _confirmed.GetValueOrDefault(session));
        Check("4 (recovery)", uploaded >= confirmed, $"session {session} is sealed with {uploaded} of {confirmed} confirmed records in the bucket");

        // 1. Whoever has taken it over has seen to it that nothing more can be confirmed. Who was lost since then can confirm nothing either.
        var seals = record.Followers.Count(member => IsLost(member) || _fleet.Find(member.Id)!.Disk.HasSealed(session));
        Check("1 (one owner)", record.Recoverer is null || seals >= record.SealQuorum, $"session {session} is sealed, and {seals} of {record.Followers.Count} followers have sealed it");
    }

    private void Check(string statement, bool holds, string what)
    {
        if (!holds)
        {
            _fleet.Scheduler.Fail(new Violation(statement, what));
        }
    }
}
