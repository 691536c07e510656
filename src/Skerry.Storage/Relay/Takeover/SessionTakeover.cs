using Skerry.Storage.Archive;
using Skerry.Storage.Relay.Alarms;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// Takes sessions over from nodes that do not answer. Being wrong about that is safe, for the procedure fences the node
/// before it takes anything:
/// <list type="number">
/// <item>See that a seal quorum of the followers is there: who does not reach one is cut off itself, and must not fence others. Swap the session's record to <c>recovering</c>, by this session, with the next recovery epoch; the set of followers cannot change from then on. If somebody else is at it, wait, and go on in his place if he is gone.</item>
/// <item>Seal the followers. After a seal quorum has sealed nothing can be confirmed any more; after the longest of their leases nothing is read any more.</item>
/// <item>Read from the followers what is not in the bundles, up to the highest record that a seal quorum of readable followers holds. A gap, or damage in every copy, ends the takeover loudly; the session stays unsealed.</item>
/// <item>Upload it.</item>
/// <item>Adopt the session's alarms into this session's file. Then see that this session is still open: otherwise whoever takes <i>it</i> over may have read its file before that.</item>
/// <item>Swap the record to <c>sealed</c>. If it has changed, somebody has gone on in this one's place: begin again.</item>
/// <item>Tell the followers to forget, and the cluster's membership that the node is dead.</item>
/// </list>
/// Every step can be repeated, by this node or another, and done by several at once.
/// On the loop only; one takeover of a session runs at a time.
/// </summary>
public sealed class SessionTakeover
{
    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly ISessionArchive _archive;
    private readonly SessionAlarms _alarms;
    private readonly IObjectHost _host;
    private readonly Dictionary<SessionId, Task<TakeoverOutcome>> _running = [];

    /// <summary>Creates the procedure.</summary>
    public SessionTakeover(ControlPlane plane, SessionRecords sessions, ISessionArchive archive, SessionAlarms alarms, IObjectHost host) =>
        (_plane, _sessions, _archive, _alarms, _host) = (plane, sessions, archive, alarms, host);

    /// <summary>Where a node is reached now, if it has started anew since a record was written.</summary>
    public Func<NodeInfo, NodeInfo> Locate { get; set; } = static node => node;

    /// <summary>A session was sealed by this node: whatever is left of it in the bucket can be cleaned up.</summary>
    public Action<SessionId>? Sealed { get; set; }

    /// <summary>The sessions that are being taken over.</summary>
    public IReadOnlyCollection<SessionId> Running => _running.Keys;

    /// <summary>Returns when the session is sealed, by whomever. Callers at the same time share one takeover, which goes on without them.</summary>
    /// <exception cref="SessionGapException">Records are missing.</exception>
    /// <exception cref="StorageDamagedException">A record is damaged in every copy.</exception>
    /// <exception cref="SessionFencedException">This session itself is not open any more.</exception>
    public Task<TakeoverOutcome> RunAsync(SessionId session, CancellationToken cancel)
    {
        if (!_running.TryGetValue(session, out var running))
        {
            running = TakeOverAsync(session);
            if (!running.IsCompleted)
            {
                _running.Add(session, running);
                _ = ForgetWhenDoneAsync(session, running);
            }
        }

        return running.WaitAsync(cancel);
    }

    private async Task ForgetWhenDoneAsync(SessionId session, Task running)
    {
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
        }
        catch (StorageException error)
        {
            TakeoverMessages.Failed(_plane.Logger, session, error);
        }
        finally
        {
            _running.Remove(session);
        }
    }

    private async Task<TakeoverOutcome> TakeOverAsync(SessionId session)
    {
        var cancel = _plane.Stopping;
        while (true)
        {
            // 1.
            var (ended, recoverer) = await BecomeRecovererAsync(session, cancel);
            if (recoverer is not { } mine)
            {
                return ended;
            }

            // 2. to 4.
            TakeoverMessages.Started(_plane.Logger, session, mine.Value.Node.Name, mine.Value.RecoveryEpoch);
            var alarms = new Dictionary<ObjectKey, long>();
            if (!await SecureAsync(session, mine, alarms, cancel))
            {
                continue;
            }

            // 5.
            await AdoptAlarmsAsync(session, alarms, cancel);
            await StillOpenAsync(cancel);

            // 6.
            var outcome = await _sessions.SwapAsync(mine.Value with { State = SessionState.Sealed }, mine.ETag, cancel);
            if (outcome.Swapped)
            {
                // 7.
                TakeoverMessages.Sealed(_plane.Logger, session, mine.Value.Node.Name);
                _ = TellAsync(mine.Value);
                Sealed?.Invoke(session);
                return TakeoverOutcome.SealedHere;
            }
        }
    }

    /// <summary>Makes this session the recoverer; no record if there is nothing to recover.</summary>
    private async Task<(TakeoverOutcome, Versioned<SessionRecord>?)> BecomeRecovererAsync(SessionId session, CancellationToken cancel)
    {
        RecovererWatch? watch = null;
        var backoff = _plane.NewBackoff();
        while (await _sessions.ReadAsync(session, cancel) is { } found && found.Value.State != SessionState.Sealed)
        {
            var record = found.Value;
            if (record.State == SessionState.Recovering)
            {
                if (record.Recoverer?.Session == _plane.Self.Session)
                {
                    return (default, found);
                }

                watch = watch?.Epoch == record.RecoveryEpoch ? watch : new RecovererWatch(_plane, _sessions, record);
                if (!await watch.IsGoneAsync(cancel))
                {
                    await _plane.DelayAsync(_plane.Options.RecoveryPoll, cancel);
                    continue;
                }
            }
            else if (record.Node.Id != _plane.Self.Id && !await FollowerPoll.CanSealAsync(_plane, record, Locate, cancel))
            {
                TakeoverMessages.NotBegun(_plane.Logger, session, record.Node.Name, record.SealQuorum);
                await backoff.PauseAsync(cancel);
                if ((await PeerCall.GreetAsync(_plane, record.Node, cancel)).IsAlive)
                {
                    return (TakeoverOutcome.StillOpen, null);
                }

                continue;
            }

            await StillOpenAsync(cancel);
            var next = record with { State = SessionState.Recovering, Recoverer = _plane.Self, RecoveryEpoch = record.RecoveryEpoch + 1 };
            var outcome = await _sessions.SwapAsync(next, found.ETag, cancel);
            if (outcome is { Swapped: true, Current: { } mine })
            {
                return (default, mine);
            }
        }

        return (TakeoverOutcome.SealedElsewhere, null);
    }

    /// <summary>Steps 2 to 4; false if somebody else has become the recoverer.</summary>
    private async Task<bool> SecureAsync(SessionId session, Versioned<SessionRecord> mine, Dictionary<ObjectKey, long> alarms, CancellationToken cancel)
    {
        var seals = new FollowerSeals(_plane, session, mine.Value, Locate);
        var backoff = _plane.NewBackoff();
        var all = false;
        while (true)
        {
            // 2.
            await seals.AskAsync(all, cancel);
            if (seals.IsEnough)
            {
                if (seals.LeaseLeft is var left && left > TimeSpan.Zero)
                {
                    await _plane.DelayAsync(left, cancel);
                }

                // 3., 4.
                try
                {
                    if (await CopyAsync(session, seals, all, alarms, cancel))
                    {
                        return true;
                    }
                }
                catch (Exception error) when (!all && error is SessionGapException or StorageDamagedException)
                {
                    // A follower that was not needed for the seal may have what is missing or damaged at the others.
                    all = true;
                }
            }
            else
            {
                TakeoverMessages.TooFewFollowers(_plane.Logger, session, seals.Sealed.Count, mine.Value.SealQuorum);
            }

            await backoff.PauseAsync(cancel);
            if ((await _sessions.ReadAsync(session, cancel))?.ETag != mine.ETag)
            {
                return false;
            }
        }
    }

    /// <summary>Steps 3 and 4; false if a follower was lost on the way.</summary>
    private async Task<bool> CopyAsync(SessionId session, FollowerSeals seals, bool all, Dictionary<ObjectKey, long> alarms, CancellationToken cancel)
    {
        var frames = new FrameGatherer(_plane, session, seals, all);
        var next = await _archive.UploadedToAsync(session, cancel) + 1;
        while (next <= frames.Last)
        {
            List<ArchivedRecord> records = [];
            if (!await frames.ReadAsync(next, records, cancel) || !seals.IsEnough)
            {
                return false;
            }

            if (records.Count == 0)
            {
                break;
            }

            var last = records[^1].Sequence;
            await _archive.UploadAsync(session, next, last, records, cancel);
            foreach (var record in records)
            {
                alarms[record.Key] = record.AlarmMs;
            }

            next = last + 1;
        }

        return true;
    }

    /// <summary>
    /// The session's file, overlaid with what was gathered, which is newer. The bundles' entries can be older than the
    /// file, for an object's later records may have gone into files of its own: they can only make an alarm earlier. An
    /// alarm too early, or too many, does no harm.
    /// </summary>
    private async Task AdoptAlarmsAsync(SessionId session, Dictionary<ObjectKey, long> gathered, CancellationToken cancel)
    {
        var alarms = new Dictionary<ObjectKey, long>(await _alarms.ReadAsync(session, cancel));
        foreach (var (key, due) in await _archive.ReadAlarmsAsync(session, cancel))
        {
            if (due != 0 && !(alarms.TryGetValue(key, out var known) && known != 0 && known <= due))
            {
                alarms[key] = due;
            }
        }

        foreach (var (key, due) in gathered)
        {
            alarms[key] = due;
        }

        await _alarms.AdoptAsync(alarms, cancel);
    }

    /// <summary>A session that is not open itself must not take on anything for others.</summary>
    private async Task StillOpenAsync(CancellationToken cancel)
    {
        var own = await _sessions.ReadAsync(_plane.Self.Session, cancel);
        if (own?.Value.State != SessionState.Open)
        {
            throw new SessionFencedException(_plane.Self.Session, own?.Value.State);
        }
    }

    /// <summary>Only saves space and time: a follower that is not told keeps the records, and membership finds out by itself.</summary>
    private async Task TellAsync(SessionRecord record)
    {
        try
        {
            if (record.Membership is { } membership)
            {
                await _host.DeclareDeadAsync(membership, _plane.Stopping);
            }

            foreach (var node in record.Followers)
            {
                using var limit = new CancellationTokenSource(_plane.Options.CallTimeout, _plane.Time);
                try
                {
                    await _plane.Transport.ForgetAsync(Locate(node), record.Node.Session, limit.Token);
                }
                catch (Exception error) when (error is PeerUnreachableException or OperationCanceledException)
                {
                }
            }
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            TakeoverMessages.NotTold(_plane.Logger, record.Node.Session, error);
        }
    }
}
