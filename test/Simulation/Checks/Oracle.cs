using Skerry.Simulation.Fleet;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Ownership;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Simulation.Checks;

/// <summary>
/// Sees everything in the run at once, and checks at every confirmation, every answer and every change of a session's record
/// what no single node could check.
/// </summary>
internal sealed class Oracle
{
    private readonly SimulatedFleet _fleet;
    private readonly Dictionary<ObjectKey, (ulong Epoch, ulong Txid)> _newest = [];
    private readonly Dictionary<SessionId, ulong> _confirmed = [];
    private readonly Dictionary<SessionId, ulong> _uploaded = [];
    private readonly Dictionary<SessionId, SessionRecord> _sessions = [];
    private readonly Dictionary<ObjectKey, OwnerRecord> _owners = [];

    public Oracle(SimulatedFleet fleet)
    {
        _fleet = fleet;
        fleet.Store.Stored = Stored;
    }

    /// <summary>A leader confirms a record.</summary>
    public void Confirmed(NodeProcess process, ArchivedRecord record)
    {
        var session = process.Self.Session;
        var set = _sessions[session];
        if (set.State == SessionState.Sealed)
        {
            // Acknowledgements may arrive late. What they confirm then must have been recovered.
            Check("1 (one owner)", record.Sequence <= _uploaded.GetValueOrDefault(session),
                $"{process.Self.Name} confirms record {record.Sequence} in a session that was sealed with {_uploaded.GetValueOrDefault(session)}");
            return;
        }

        _confirmed[session] = record.Sequence;

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

        // 3. A quorum of the set by which the session would be recovered has it on stable storage, or it is in the bucket.
        var holders = set.Followers.Count(node => Holds(_fleet.Node(node.Id), session, record.Sequence));
        Check("3 (survival)", holders >= set.Quorum || record.Sequence <= _uploaded.GetValueOrDefault(session),
            $"{process.Self.Name} confirms record {record.Sequence}, which {holders} of {set.Followers.Count} followers hold on stable storage");
    }

    /// <summary>True if no session has its only copy on a node.</summary>
    public bool CanLose(FleetNode node) =>
        _sessions.Values.All(record => record.State == SessionState.Sealed || record.Followers.Count > 1 || record.Followers[0].Id != node.Id);

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

    private void Stored(string key, byte[] content)
    {
        if (BucketKeys.TryParseBundle(key, out var session, out _, out var last))
        {
            _uploaded[session] = Math.Max(_uploaded.GetValueOrDefault(session), last);
        }
        else if (BucketKeys.TryParseSession(key, out session))
        {
            var record = _sessions[session] = RecordJson.ReadSession(key, content);

            // 4. What is sealed contains everything that was confirmed.
            Check("4 (recovery)", record.State != SessionState.Sealed || _uploaded.GetValueOrDefault(session) >= _confirmed.GetValueOrDefault(session),
                $"session {session} is sealed with {_uploaded.GetValueOrDefault(session)} of {_confirmed.GetValueOrDefault(session)} confirmed records in the bucket");
        }
        else if (BucketKeys.TryParseObject(key, out var @object, out var rest) && rest == "owner")
        {
            var owner = RecordJson.ReadOwner(key, content);

            // 1. Claims are numbered without gaps, so none is ever undone.
            Check("1 (one owner)", owner.ClaimEpoch == (_owners.GetValueOrDefault(@object)?.ClaimEpoch ?? 0) + 1, $"{Short(@object)} goes from {_owners.GetValueOrDefault(@object)} to {owner}");
            _owners[@object] = owner;
        }
    }

    private static bool Holds(FleetNode node, SessionId session, ulong sequence)
    {
        var entries = node.Disk.Entries;
        for (var i = node.Disk.Synced - 1; i >= 0; i--)
        {
            if (entries[i] is DiskEntry.Stored { Frame: var frame } stored && stored.Session == session && frame.First <= sequence)
            {
                return frame.Last >= sequence;
            }
        }

        return false;
    }

    private static string Short(ObjectKey key) => key.Id.ToString()[..4];

    private void Check(string statement, bool holds, string what)
    {
        if (!holds)
        {
            _fleet.Scheduler.Fail(new Violation(statement, what));
        }
    }
}
