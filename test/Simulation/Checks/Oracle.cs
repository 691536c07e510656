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
internal sealed class Oracle(SimulatedFleet fleet)
{
    private readonly Dictionary<ObjectKey, (ulong Epoch, ulong Txid)> _newest = [];
    private readonly Dictionary<SessionId, ulong> _confirmed = [];
    private readonly HashSet<SessionId> _sealed = [];

    /// <summary>A leader confirms a record.</summary>
    public void Confirmed(NodeProcess process, ArchivedRecord record)
    {
        var session = process.Self.Session;
        _confirmed[session] = record.Sequence;

        // 1. One session at a time.
        var owner = Owner(record.Key);
        Check("1 (one owner)", owner is not null && owner.Session == session && owner.ClaimEpoch == ObjectEpochs.ClaimOf(record.Epoch),
            $"{process.Self.Name} confirms transaction {record.Txid} of {Short(record.Key)} in epoch {record.Epoch:x}, and the owner is {owner}");
        if (_newest.TryGetValue(record.Key, out var before))
        {
            Check("1 (one owner)", record.Epoch >= before.Epoch && record.Txid > before.Txid,
                $"{process.Self.Name} confirms transaction {record.Txid} of {Short(record.Key)} in epoch {record.Epoch:x} after {before.Txid} in {before.Epoch:x}");
        }

        _newest[record.Key] = (record.Epoch, record.Txid);

        // 3. A quorum of the set by which the session would be recovered has it on stable storage, or it is in the bucket.
        var set = Session(session);
        Check("1 (one owner)", set is not null && set.State != SessionState.Sealed, $"{process.Self.Name} confirms in a session that is {set?.State.ToString() ?? "gone"}");
        var holders = set!.Followers.Count(node => Holds(fleet.Node(node.Id), session, record.Sequence));
        Check("3 (survival)", holders >= set.Quorum || record.Sequence <= Uploaded(session),
            $"{process.Self.Name} confirms record {record.Sequence}, which {holders} of {set.Followers.Count} followers hold on stable storage");
    }

    /// <summary>Looks at what has become of the sessions.</summary>
    public void CheckSessions()
    {
        foreach (var (session, last) in _confirmed)
        {
            // 4. What was sealed contains everything that was confirmed.
            if (!_sealed.Contains(session) && Session(session) is { State: SessionState.Sealed })
            {
                _sealed.Add(session);
                Check("4 (recovery)", Uploaded(session) >= last, $"session {session} was sealed with {Uploaded(session)} of {last} confirmed records in the bucket");
            }
        }
    }

    /// <summary>Every history is one that a single register could have.</summary>
    public void CheckHistories()
    {
        foreach (var (key, history) in fleet.Histories)
        {
            if (RegisterHistory.Check(history) is { } wrong)
            {
                throw new Violation("2, 4 (linearizability)", $"object {Short(key)}: {wrong}");
            }
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

    private ulong Uploaded(SessionId session)
    {
        ulong last = 0;
        var prefix = BucketKeys.BundlesOf(session);
        foreach (var key in fleet.Store.Objects.Keys)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal) && BucketKeys.TryParseBundle(key, out _, out _, out var to))
            {
                last = Math.Max(last, to);
            }
        }

        return last;
    }

    private OwnerRecord? Owner(ObjectKey key) =>
        fleet.Store.Objects.TryGetValue(OwnerRecords.KeyOf(key), out var found) ? RecordJson.ReadOwner("owner", found.Content) : null;

    private SessionRecord? Session(SessionId session) =>
        fleet.Store.Objects.TryGetValue(SessionRecords.KeyOf(session), out var found) ? RecordJson.ReadSession("session", found.Content) : null;

    private static string Short(ObjectKey key) => key.Id.ToString()[..4];

    private void Check(string statement, bool holds, string what)
    {
        if (!holds)
        {
            fleet.Scheduler.Fail(new Violation(statement, what));
        }
    }
}
