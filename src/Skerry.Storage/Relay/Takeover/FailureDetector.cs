using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// Finds leaders that do not answer, and has their sessions taken over. It watches the leaders that this node follows, by
/// their heartbeats; others are reported by the <see cref="PeerDirectory"/>. On the loop only.
/// </summary>
/// <remarks>A suspicion:
/// <list type="number">
/// <item>Greet the node. If it answers, in the same session, the suspicion is dropped.</item>
/// <item>Unless the node is gone for certain, ask its followers: as long as too many hear it for it to be without a quorum, it is the link to this node that is cut, and the suspicion waits.</item>
/// <item>Wait for one's turn: followers in the order of the session's record, then everybody else.</item>
/// <item>If nothing was heard meanwhile, take the session over, or see that whoever is at it ends it.</item>
/// </list>
/// A wrong suspicion costs the node its session and nothing else, for a takeover fences first.
/// </remarks>
public sealed class FailureDetector
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly SessionTakeover _takeover;
    private readonly PeerDirectory _peers;
    private readonly Dictionary<SessionId, Watched> _watched = [];

    /// <summary>Creates a detector that watches nobody.</summary>
    public FailureDetector(ControlPlane plane, SessionRecords sessions, SessionTakeover takeover, PeerDirectory peers) =>
        (_plane, _sessions, _takeover, _peers) = (plane, sessions, takeover, peers);

    /// <summary>A leader that this node follows has connected, or sent a frame or a heartbeat.</summary>
    public void Heard(NodeInfo leader)
    {
        ArgumentNullException.ThrowIfNull(leader);
        if (_watched.TryGetValue(leader.Session, out var watched))
        {
            watched.LastHeard = _plane.Time.GetTimestamp();
            watched.IsLinkLost = false;
        }
        else
        {
            _watched.Add(leader.Session, new Watched(leader, _plane.Time.GetTimestamp()));
        }
    }

    /// <summary>The stream from a leader has ended. If the leader is well it connects again, or does not want this node any more.</summary>
    public void LinkLost(SessionId leader)
    {
        if (_watched.TryGetValue(leader, out var watched))
        {
            watched.IsLinkLost = true;
        }
    }

    /// <summary>A session is sealed, or everything of it has been forgotten: it needs no watching.</summary>
    public void Ended(SessionId leader) => _watched.Remove(leader);

    /// <summary>Somebody has found an open session whose node does not answer.</summary>
    public void Suspect(SessionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var session = record.Node.Session;
        if (!_watched.TryGetValue(session, out var watched))
        {
            watched = new Watched(record.Node, long.MinValue);
            _watched.Add(session, watched);
        }

        watched.IsLinkLost = true;
    }

    /// <summary>The leaders that this node follows and hears.</summary>
    public IEnumerable<NodeInfo> Heard() => _watched.Values.Where(watched => !IsSuspect(watched)).Select(static watched => watched.Leader);

    /// <summary>Looks at the leaders until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _plane.DelayAsync(Look, cancel);
            foreach (var watched in _watched.Values)
            {
                if (watched.Following is not { IsCompleted: false } && _plane.Time.GetTimestamp() >= watched.NotBefore && IsSuspect(watched))
                {
                    watched.Following = FollowAsync(watched, cancel);
                }
            }
        }
    }

    private bool IsSuspect(Watched watched) => watched.IsLinkLost || Silence(watched) > _plane.Options.HeartbeatTimeout;

    private TimeSpan Silence(Watched watched) =>
        watched.LastHeard == long.MinValue ? TimeSpan.MaxValue : _plane.Time.GetElapsedTime(watched.LastHeard);

    private async Task FollowAsync(Watched watched, CancellationToken cancel)
    {
        var leader = watched.Leader;
        var since = _plane.Time.GetTimestamp();
        try
        {
            // 1.
            var answer = await PeerCall.GreetAsync(_plane, leader, cancel);
            if (answer.IsAlive || (!answer.IsGone && Silence(watched) <= _plane.Options.HeartbeatTimeout))
            {
                // The leader may have replaced this follower: then there is nothing to hear from it any more.
                if (watched.IsLinkLost && !await IsFollowedAsync(leader, cancel))
                {
                    _watched.Remove(leader.Session);
                }

                watched.NotBefore = since + _plane.Time.TimestampFrequency;
                return;
            }

            // 2.
            if (await _sessions.ReadAsync(leader.Session, cancel) is not { } found || found.Value.State == SessionState.Sealed)
            {
                _peers.Ended(leader.Session);
                _watched.Remove(leader.Session);
                return;
            }

            if (!answer.IsGone && found.Value.State == SessionState.Open && !await FollowerPoll.IsSilentAsync(_plane, found.Value, _peers.Locate, cancel))
            {
                SessionMessages.HeardByOthers(_plane.Logger, leader.Name, leader.Session);
                watched.NotBefore = _plane.Time.GetTimestamp() + _plane.Time.TimestampFrequency;
                return;
            }

            // 3.
            SessionMessages.Suspected(_plane.Logger, leader.Name, leader.Session, answer.IsGone ? "is gone" : "does not answer");
            await _plane.DelayAsync(_plane.Options.TakeoverStagger * RankIn(found.Value), cancel);

            // 4.
            if (watched.LastHeard < since && await _takeover.RunAsync(leader.Session, cancel) != TakeoverOutcome.StillOpen)
            {
                _peers.Ended(leader.Session);
                _watched.Remove(leader.Session);
            }
        }
        catch (StorageException error)
        {
            SessionMessages.NotFollowed(_plane.Logger, leader.Name, error);
            watched.NotBefore = _plane.Time.GetTimestamp() + (long)(RetryAfter.TotalSeconds * _plane.Time.TimestampFrequency);
        }
    }

    private async Task<bool> IsFollowedAsync(NodeInfo leader, CancellationToken cancel) =>
        (await _sessions.ReadAsync(leader.Session, cancel))?.Value.Followers.Any(node => node.Id == _plane.Self.Id) == true;

    private double RankIn(SessionRecord record)
    {
        for (var i = 0; i < record.Followers.Count; i++)
        {
            if (record.Followers[i].Id == _plane.Self.Id)
            {
                return i;
            }
        }

        return record.Followers.Count + (_plane.Random.NextDouble() * 3);
    }

    private sealed class Watched(NodeInfo leader, long heard)
    {
        public NodeInfo Leader { get; } = leader;

        public long LastHeard { get; set; } = heard;

        public bool IsLinkLost { get; set; }

        public long NotBefore { get; set; } = long.MinValue;

        public Task? Following { get; set; }
    }
}
