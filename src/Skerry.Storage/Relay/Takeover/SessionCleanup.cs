using Skerry.Storage.Relay.Alarms;
using Skerry.Storage.Relay.Ownership;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// Clears away what is left of a sealed session in the bucket, in the background:
/// <list type="number">
/// <item>Adopt its alarms, if it has ended in good order and nobody has; then see that this session is still open.</item>
/// <item>Promote everything in its bundles that is still its own. What has moved was promoted by whoever took it.</item>
/// <item>Remove the bundles, then the record. An ownership record may go on naming the session: it counts as sealed.</item>
/// </list>
/// Every step can be repeated, and done by several at once. On the loop only.
/// </summary>
public sealed class SessionCleanup
{
    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly OwnerRecords _owners;
    private readonly ISessionArchive _archive;
    private readonly SessionAlarms _alarms;
    private readonly HashSet<SessionId> _running = [];
    private readonly HashSet<SessionId> _seen = [];

    /// <summary>Creates the procedure.</summary>
    public SessionCleanup(ControlPlane plane, SessionRecords sessions, OwnerRecords owners, ISessionArchive archive, SessionAlarms alarms) =>
        (_plane, _sessions, _owners, _archive, _alarms) = (plane, sessions, owners, archive, alarms);

    /// <summary>
    /// A sealed session still has a record. If it ended in good order nobody is at it, and its alarms wait: the first of its
    /// followers that is there begins at once. Else whoever has sealed it is at it, unless it has died. So from the second
    /// time on, one node in as many as there are takes care of it.
    /// </summary>
    public void Found(SessionRecord record, IReadOnlyCollection<NodeInfo> live)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(live);
        var session = record.Node.Session;
        if ((record.Recoverer is null && IsFirst(record, live)) || (!_seen.Add(session) && _plane.Random.NextDouble() * (live.Count + 1) < 1))
        {
            Begin(session);
        }
    }

    private bool IsFirst(SessionRecord record, IReadOnlyCollection<NodeInfo> live) =>
        record.Followers.FirstOrDefault(node => node.Id == _plane.Self.Id || live.Any(other => other.Id == node.Id))?.Id == _plane.Self.Id;

    /// <summary>Begins to clean up after a session, unless that is under way.</summary>
    public void Begin(SessionId session)
    {
        if (_running.Add(session))
        {
            _ = RunAsync(session, _plane.Stopping);
        }
    }

    /// <summary>
    /// Removes what has no session record any more: a put that was given up, or the last deed of a process that was frozen,
    /// may have arrived after the session was cleaned up. Nothing of it counts.
    /// </summary>
    public async Task SweepAsync(CancellationToken cancel)
    {
        foreach (var session in await _archive.ListSessionsAsync(cancel))
        {
            if (await _sessions.ReadAsync(session, cancel) is null)
            {
                await _archive.RemoveBundlesAsync(session, cancel);
            }
        }

        foreach (var session in await _alarms.ListAsync(cancel))
        {
            if (await _sessions.ReadAsync(session, cancel) is null)
            {
                await _alarms.RemoveAsync(session, cancel);
            }
        }
    }

    /// <summary>Sweeps now and then, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _plane.DelayAsync(_plane.Options.SweepInterval * (0.5 + _plane.Random.NextDouble()), cancel);
            try
            {
                await SweepAsync(cancel);
            }
            catch (StorageException error)
            {
                TakeoverMessages.SweepFailed(_plane.Logger, error);
            }
        }
    }

    private async Task RunAsync(SessionId session, CancellationToken cancel)
    {
        try
        {
            // A session that has not begun yet must not adopt anything: nobody would find it there.
            if (await _sessions.ReadAsync(_plane.Self.Session, cancel) is null)
            {
                return;
            }

            // 1.
            await AdoptAlarmsAsync(session, cancel);

            // 2.
            var objects = await _archive.ListObjectsAsync(session, cancel);
            await PromoteAsync(session, objects, cancel);

            // 3.
            await _archive.RemoveBundlesAsync(session, cancel);
            await _sessions.RemoveAsync(session, cancel);
            TakeoverMessages.CleanedUp(_plane.Logger, session, objects.Count);
            _seen.Remove(session);
        }
        catch (StorageException error)
        {
            TakeoverMessages.CleanUpFailed(_plane.Logger, session, error);
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            _running.Remove(session);
        }
    }

    private async Task AdoptAlarmsAsync(SessionId session, CancellationToken cancel)
    {
        var alarms = await _alarms.ReadAsync(session, cancel);
        await _alarms.AdoptAsync(alarms, cancel);
        if ((await _sessions.ReadAsync(_plane.Self.Session, cancel))?.Value.State is var state && state != SessionState.Open)
        {
            throw new SessionFencedException(_plane.Self.Session, state);
        }

        await _alarms.RemoveAsync(session, cancel);
    }

    private async Task PromoteAsync(SessionId session, IReadOnlyCollection<ObjectKey> objects, CancellationToken cancel)
    {
        var waiting = new Queue<ObjectKey>(objects);
        await Task.WhenAll(Enumerable.Range(0, _plane.Options.PromotionsMax).Select(async _ =>
        {
            while (waiting.TryDequeue(out var key))
            {
                if (await _owners.ReadAsync(key, cancel) is { } owned && owned.Value.Session == session)
                {
                    await _archive.PromoteAsync(session, key, cancel);
                }
            }
        }));
    }
}
